import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchEnded, type BatchEnded } from "../../../core/batches/batch-ended.ts";
import { BATCH_ENDED } from "../../../core/model/announcement.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import { checkJob } from "../../../core/producer/check-job.ts";
import { until } from "../../embedded-aws/until.ts";
import type { Deployed } from "./deployed.ts";

const LONGEST_MS = 180_000;

interface Heard {
  readonly "detail-type": string;
  readonly detail: unknown;
}

/** Submits these URLs as a list. @returns what a consumer of the bus, whose queue that is, hears of the batch's end. */
export async function submitBatch(
  deployed: Deployed,
  urls: readonly string[],
  listener: string,
): Promise<BatchEnded | undefined> {
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
    let told: BatchEnded | undefined;
    await until("the end of the batch is told", LONGEST_MS, async () => {
      // As its schedule does each minute.
      await deployed.invoke(deployed.outputs.BatchesFunctionName);
      for (const body of await deployed.bodies(listener)) {
        const heard = JSON.parse(body) as Heard;
        if (heard["detail-type"] === BATCH_ENDED) told = batchEnded.parse(heard.detail);
      }
      return told?.batch_id === id ? undefined : out;
    });
    return told;
  } finally {
    await rm(folder, { recursive: true });
  }
}
