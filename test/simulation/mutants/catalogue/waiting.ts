/** Mutants of jobs that wait. */
import { inFile, type Mutant } from "../mutant.ts";

export const WAITING_MUTANTS: readonly Mutant[] = [
  ...inFile("core/worker/deliver.ts", [
    [
      "a job that waits or continues gets no message",
      '    if (end.kind === "again") await sendAgain(deps, end.message ?? trackedMessage(message), end.delayMs);\n',
      "",
    ],
    [
      "the message of a job that waits is hidden, not replaced",
      'if (end.kind === "again") await sendAgain(deps, end.message ?? trackedMessage(message), end.delayMs);',
      'if (end.kind === "again") return await comeBack(deps, delivery, Math.max(0, end.delayMs));',
    ],
  ]),
  ...inFile("core/worker/process-job.ts", [
    ["no job is parked", "const isParked = delayMs > settings.longestDelayMs;", "const isParked = false;"],
    [
      "a job that waits shortly gets no message",
      "const isParked = delayMs > settings.longestDelayMs;",
      "const isParked = true;",
    ],
  ]),
  ...inFile("core/model/waiting.ts", [
    ["a job whose message was lost counts as parked", "watchAt < availableAt", "watchAt <= availableAt + 100_000_000"],
    ["a parked job is dispatched twice", '{ attribute: "watch_at", is: "=", than: watchAtMs }', ""],
    [
      "a dispatched job is no longer watched",
      "watch_at: availableAtMs + graceMs",
      "watch_at: availableAtMs + 36_000_000",
    ],
  ]),
  ...inFile("core/recovery/revive-jobs.ts", [
    [
      "a parked job is dispatched without a message",
      "  await queue.send([messageOf(job, availableAtMs - clock.nowMs())]);\n",
      "",
    ],
    [
      "our own dispatch counts as another reconciler's after its answer was lost",
      '  if (!applied && item?.["recovered_by"] !== by) return undefined;\n',
      "  if (!applied) return;\n",
    ],
  ]),
];
