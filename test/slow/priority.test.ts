/** A batch that waits behind a long backlog is put first, in the whole system. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { jobIdOf } from "../../core/producer/check-job.ts";
import { isTerminal } from "../../core/model/states.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { commandsOf, type Json } from "../e2e/commands.ts";
import { KIB, startRun, startSurroundings, until } from "../e2e/support.ts";

const BACKLOG = 1_000;
const URGENT = 30;
/** HEAD and GET each. The worker's ten slots take a minute for the backlog. */
const ANSWERS_AFTER_MS = 300;

const filesNamed = (name: string, count: number): readonly OriginFile[] =>
  Array.from({ length: count }, (_, nth) => ({ name: `${name}-${nth}`, size: KIB + nth, delayMs: ANSWERS_AFTER_MS }));

it("priority has a batch done before the backlog that was there first, and fetches nothing twice", async () => {
  const run = await startRun({
    ...(await startSurroundings()),
    workers: 1,
    urgentWorkers: 1,
    followBatchesEveryMs: 1_000,
    // A message that waits in the backlog is none that the reconciler has to send anew.
    workerEnv: { REQUEUE_GRACE_MS: "120000" },
  });
  const { done, folder, statusOf } = await commandsOf(run);
  const submit = async (name: string, files: readonly OriginFile[]): Promise<string> => {
    const list = join(folder, `${name}.txt`);
    await writeFile(list, files.map((file) => run.origin.urlOf(file)).join("\n"));
    return /^Batch: (\S+)$/m.exec(await done("submit", list))?.[1] ?? "";
  };
  const [backlog, urgent] = [filesNamed("backlog", BACKLOG), filesNamed("urgent", URGENT)];
  const idsOf = (files: readonly OriginFile[]) => files.map((file) => jobIdOf({ url: run.origin.urlOf(file) }));
  const backlogId = await submit("backlog", backlog);
  const urgentId = await submit("urgent", urgent);

  const said = (await done("priority", "--batch", urgentId, "--json")).trimEnd().split("\n");
  const { sent } = JSON.parse(said.at(-1) ?? "") as Json;
  expect(sent).toBeGreaterThan(URGENT / 2);

  const records = await run.untilTerminal(idsOf(urgent));
  expect([...records.values()].map(({ state }) => state)).toEqual(urgent.map(() => "INDEXED"));
  const ofBacklog = await run.records(idsOf(backlog));
  expect([...ofBacklog.values()].filter(({ state }) => isTerminal(state)).length).toBeLessThan(BACKLOG / 2);

  await run.untilTerminal(idsOf(backlog));
  await run.untilQueueIsEmpty();
  for (const file of [...urgent, ...backlog])
    expect(run.origin.requestsOf(file).map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  for (const id of [backlogId, urgentId])
    await until(`the batch ${id} has ended`, async () => {
      const { phase } = await statusOf(id);
      return phase === "ended" ? undefined : String(phase);
    });
  expect(await run.pipeline.deadLetters()).toEqual([]);
}, 300_000);
