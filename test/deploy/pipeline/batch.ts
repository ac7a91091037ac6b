import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchEnded, type BatchEnded } from "../../../core/batches/batch-ended.ts";
import { BATCH_ENDED } from "../../../core/model/announcement.ts";
import { LIST_REFUSED, listRefused, type ListRefused } from "../../../core/lists/list-refused.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import { present } from "../../../core/model/present.ts";
import { checkJob } from "../../../core/producer/check-job.ts";
import { until } from "../../embedded-aws/until.ts";
import type { Deployed } from "./deployed.ts";

const LONGEST_MS = 180_000;

interface Heard {
  readonly "detail-type": string;
  readonly detail: unknown;
}

/** Runs the function as its schedule does, until a consumer of the bus has heard of what it waits for in its queue. */
async function untilHeard<T>(
  deployed: Deployed,
  listener: string,
  what: string,
  wanted: (heard: Heard) => T | undefined,
): Promise<T> {
  const found: T[] = [];
  await until(what, LONGEST_MS, async () => {
    await deployed.invoke(deployed.outputs.BatchesFunctionName);
    for (const body of await deployed.bodies(listener)) {
      const news = wanted(JSON.parse(body) as Heard);
      if (news !== undefined) found.push(news);
    }
    return found.length > 0 ? undefined : "it was not told";
  });
  return present(found[0], what);
}

const endedIn = ({ detail, "detail-type": type }: Heard): BatchEnded | undefined =>
  type === BATCH_ENDED ? batchEnded.parse(detail) : undefined;

/** Submits these URLs as a list. @returns what a consumer of the bus hears of the batch's end. */
export async function submitBatch(deployed: Deployed, urls: readonly string[], listener: string): Promise<BatchEnded> {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-batch-"));
  try {
    const list = join(folder, "list.txt");
    await writeFile(list, urls.join("\n"));
    const on = ["--stack", deployed.stack, "--progress", join(folder, "progress.json")];
    const { code, err, out } = await deployed.npm("start", "submit", list, ...on);
    if (code !== 0) throw new Error(`submit ended with ${code}: ${err}`);
    const id = /^Batch: (\S+)$/m.exec(out)?.[1];
    const messages = urls.map((url) => JSON.parse(checkJob({ url }).body) as JobMessage);
    await deployed.untilTerminal(messages, LONGEST_MS);
    return await untilHeard(deployed, listener, "the end of the batch", (heard) => {
      const ended = endedIn(heard);
      return ended?.batch_id === id ? ended : undefined;
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Puts these URLs into S3 as a list. @returns what a consumer of the bus hears of its batch's end. */
export async function putList(deployed: Deployed, urls: readonly string[], listener: string): Promise<BatchEnded> {
  await deployed.putList("put.txt", urls.join("\n"));
  return untilHeard(deployed, listener, "the end of the list's batch", (heard) => {
    const ended = endedIn(heard);
    return ended?.name.endsWith("/lists/put.txt") ? ended : undefined;
  });
}

/** Puts a list that is refused. @returns what a consumer of the bus hears of it. */
export async function putWrongList(deployed: Deployed, text: string, listener: string): Promise<ListRefused> {
  await deployed.putList("wrong.txt", text);
  return untilHeard(deployed, listener, "the refusal of the list", ({ detail, "detail-type": type }) =>
    type === LIST_REFUSED ? listRefused.parse(detail) : undefined,
  );
}
