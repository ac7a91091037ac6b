/** Mutants of the two lanes. */
import { inFile, type Mutant } from "../mutant.ts";

export const LANE_MUTANTS: readonly Mutant[] = [
  ...inFile("core/model/protocol.ts", [
    ["a job that is handed over does not become long", 'set: { ...set, lane: "long" }', "set: { ...set }"],
    ["the short lane takes long jobs", "isShortLane ? isNotLong : []", "[]"],
    [
      "a job that is handed over is charged",
      "const { set, ...write } = giveBack(lease, record, forgotten, nowMs, graceMs);",
      "const { set, ...write } = releaseForContinuation(lease, record, forgotten, nowMs, graceMs);",
    ],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    [
      "no worker knows that it is in the short lane",
      "isShortLane: settings.shortLane !== undefined",
      "isShortLane: false",
    ],
  ]),
  ...inFile("core/model/record-codec.ts", [
    ["a record's lane is not read", 'item["lane"] === "long" && ', 'item["lane"] === "none" && '],
  ]),
  ...inFile("core/model/message.ts", [
    ["the message of a long job goes to the short lane", '  ...(job.isLong && { lane: "long" }),\n', ""],
  ]),
  ...inFile("core/worker/process-job.ts", [
    [
      "a long job is not handed over",
      "    if (error instanceof LongJobError) return await handOver(deps, job, error);\n",
      "",
    ],
    ["a job is sent to the long lane and keeps its lease", "  await job.handOver();\n", ""],
    [
      "a job that is handed over gets no message",
      'return { kind: "again", delayMs: 0, message: messageOf(job.record) };',
      'return { kind: "done" };',
    ],
    [
      "a job that is handed over gets a message of the short lane",
      'return { kind: "again", delayMs: 0, message: messageOf(job.record) };',
      'return { kind: "again", delayMs: 0 };',
    ],
  ]),
  ...inFile("core/worker/deliver.ts", [
    [
      "a long job that a worker of the short lane finds gets a message of the short lane",
      ", message: messageOf(record, 0, dispatchedForMs) };",
      " };",
    ],
  ]),
  ...inFile("core/worker/unguarded.ts", [
    ["a long file without a record goes round in the short lane", ', lane: "long" } };', " } };"],
    ["a long file without a record is not handed over", "if (error instanceof LongJobError) {", "if (!error) {"],
  ]),
  ...inFile("core/transfer/transfer.ts", [
    [
      "what HEAD shows to be long is asked for",
      "  if (!request.before) handOverLong(deps.settings, request.announcedBytes);\n",
      "",
    ],
    ["what GET shows to be long is fetched", "    handOverLong(deps.settings, totalBytes);\n", ""],
    [
      "a transfer from the start may take any time",
      "const watched = request.watch.body(framed);",
      "const watched = framed;",
    ],
    ["a transfer that goes on may take any time", "stage(request.watch.body(rest))", "stage(rest)"],
  ]),
  ...inFile("core/transfer/short-lane.ts", [
    ["a body of just the length is not long", "bytes >= shortLane.longFromBytes", "bytes > shortLane.longFromBytes"],
    ["a body that has stopped is handed over", "bytes < leastBytes ? tooSlow()", "bytes < 0 ? tooSlow()"],
    ["a body that comes slowly is always too slow", "isWaiting && bytes < leastBytes", "isWaiting"],
    ["only what came in the first half is judged", "      bytes = 0;\n", ""],
  ]),
  ...inFile("lambdas/worker/create-handler.ts", [
    [
      "a job goes from one invocation of the short lane to the next",
      'deps.settings.shortLane ? new LongJobError("out_of_time") : new OutOfTimeError()',
      "new OutOfTimeError()",
    ],
  ]),
];
