/** Mutants of jobs that wait. */
import { inFile, type Mutant } from "../mutant.ts";

export const WAITING_MUTANTS: readonly Mutant[] = [
  ...inFile("core/worker/deliver.ts", [
    [
      "a job that waits or continues gets no message",
      '    if (end.kind === "again") await sendAgain(deps, end.message ?? trackedMessage(afterDispatch(message)), end.delayMs);\n',
      "",
    ],
    [
      "the message of a job that waits is hidden, not replaced",
      'if (end.kind === "again") await sendAgain(deps, end.message ?? trackedMessage(afterDispatch(message)), end.delayMs);',
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
    [
      "a parked job is dispatched twice",
      'when: [[{ attribute: "watch_at", is: "=", than: watchAtMs }]],\n  set:',
      "when: [[]],\n  set:",
    ],
    [
      "the watch of a job ends whoever has it",
      'when: [[{ attribute: "watch_at", is: "=", than: watchAtMs }]],\n  remove:',
      "when: [[]],\n  remove:",
    ],
    [
      "no message is that of a dispatched job",
      "forMs !== undefined && forMs === availableAt",
      "false && forMs === availableAt",
    ],
    [
      "a dispatched job is no longer watched",
      "watch_at: availableAtMs + graceMs",
      "watch_at: availableAtMs + 36_000_000",
    ],
  ]),
  ...inFile("core/worker/arrive.ts", [
    [
      "the message of a job whose watch ends is dropped if its host rests",
      "(isParked(item) && !isDispatched(message, item))",
      "isParked(item)",
    ],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    [
      "the message of a job whose watch ends is dropped if it comes early",
      "isParked(outcome.item) && !isDispatched(message, outcome.item)",
      "isParked(outcome.item)",
    ],
  ]),
  ...inFile("core/recovery/revive-jobs.ts", [
    [
      "the watch of a parked job ends without a message",
      "    await queue.send([messageOf(job, availableAtMs - clock.nowMs(), availableAtMs)]);\n",
      "",
    ],
    [
      "the watch of a parked job ends before its message is sent",
      "    await queue.send([messageOf(job, availableAtMs - clock.nowMs(), availableAtMs)]);\n    await items.write(endWatch(job.jobId, watchAtMs));\n",
      "    await items.write(endWatch(job.jobId, watchAtMs));\n    await queue.send([messageOf(job, availableAtMs - clock.nowMs(), availableAtMs)]);\n",
    ],
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
