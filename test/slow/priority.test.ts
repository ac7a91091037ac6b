/** A batch that waits behind a long backlog is put first, in the whole system. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { jobIdOf } from "../../core/producer/check-job.ts";
import { present } from "../../core/model/present.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { commandsOf } from "../e2e/commands.ts";
import { KIB, startRun, startSurroundings } from "../e2e/support.ts";

const BACKLOG = 200;
const URGENT = 30;

const filesNamed = (name: string, count: number): readonly OriginFile[] =>
  Array.from({ length: count }, (_, nth) => ({ name: `${name}-${nth}`, size: KIB + nth }));

it("priority has a batch done before the backlog that was there first, and fetches nothing twice", async () => {
  const run = await startRun({
    ...(await startSurroundings()),
    workers: 1,
    urgentWorkers: 1,
    // A busy machine takes no lease away, and a message that waits in the backlog is not late.
    workerEnv: { LEASE_TTL_MS: "60000", REQUEUE_GRACE_MS: "120000" },
  });
  // The backlog does not move: its only worker stands still, within the time that Lambda gives it.
  const [worker] = run.pipeline.workers.pids();
  const signal = (name: "SIGCONT" | "SIGSTOP") => void process.kill(present(worker, "the worker's process"), name);
  signal("SIGSTOP");
  onTestFinished(() => signal("SIGCONT"));

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
  expect(JSON.parse(said.at(-1) ?? "")).toMatchObject({ sent: URGENT });
  const records = await run.untilTerminal(idsOf(urgent));
  expect([...records.values()].map(({ state }) => state)).toEqual(urgent.map(() => "INDEXED"));
  expect(backlog.flatMap((file) => run.origin.requestsOf(file))).toEqual([]);

  signal("SIGCONT");
  await run.untilTerminal(idsOf(backlog));
  await run.untilQueueIsEmpty();
  for (const file of [...urgent, ...backlog])
    expect(run.origin.requestsOf(file).map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  expect(await statusOf(backlogId)).toMatchObject({ done: BACKLOG, states: { INDEXED: BACKLOG }, not_begun: 0 });
  expect(await statusOf(urgentId)).toMatchObject({ done: URGENT, states: { INDEXED: URGENT }, not_begun: 0 });
  expect(await run.pipeline.deadLetters()).toEqual([]);
});
