/** Mutants of announcements. */
import { inFile, type Mutant } from "../mutant.ts";

export const STREAM_MUTANTS: readonly Mutant[] = [
  ...inFile("core/stream/announce.ts", [
    ["a refused event is forgotten", "if (refusal === undefined) return undefined;", "return undefined;"],
    [
      "the stream continues at the last event, whichever was refused",
      "return refused.sequenceNumber;",
      "return due.at(-1)?.sequenceNumber;",
    ],
    [
      "the stream continues after the refused event",
      "return refused.sequenceNumber;",
      "return due[announced + 1]?.sequenceNumber;",
    ],
    [
      "the stream continues after the refused batch",
      "events.slice(0, taken).reduce",
      "events.slice(0, taken + 1).reduce",
    ],
    [
      "publishing an event is not awaited",
      "const { taken, refusal } = await bus.publish(events);",
      "const { taken, refusal } = {};\n  bus.publish(events).catch(() => undefined);",
    ],
  ]),
  ...inFile("core/stream/bus-events.ts", [
    ["a full batch is thrown away", "      yield batch(kind, group);\n      group = [];", "      group = [];"],
    ["the last batch is not sent", "if (group.length > 0) yield batch(kind, group);", ""],
    ["a batch holds what is stored and what has failed", " || next.kind !== kind", ""],
    ["a batch has the kind of the one before", "[kind, bytes] = [next.kind,", "[kind, bytes] = [kind,"],
    ["a batch leaves its first announcement out", 'texts.join(",")', 'texts.slice(1).join(",")'],
  ]),
  ...inFile("core/stream/announcement-of.ts", [
    ["the announcement's id is not the job's", "id: jobId,", 'id: "0".repeat(32),'],
    ["a job is announced as stored whatever its state", 'if (isStored(after["state"])) return', "return"],
    ["a failed job is not announced", 'after["state"] === ("FAILED" satisfies JobState) ?', "false ?"],
    ["a job is announced as failed whatever its state", 'after["state"] === ("FAILED" satisfies JobState) ?', "true ?"],
    ["a reopened job that fails again counts as the first failure", ', after["redrives"])', ")"],
    [
      "a job that ended before is announced again",
      '(before ? isOpen(before["state"]) : isCancelledUnbegun(after))',
      "true",
    ],
    ["finished_at is the time of the announcement", "new Date(last.atMs).toISOString()", "new Date().toISOString()"],
    ["every announcement says INDEXED", "  state,\n", '  state: "INDEXED",\n'],
  ]),
  ...inFile("lambdas/announcer/create-handler.ts", [
    [
      "a refused event is not reported as a batch failure",
      "goOnFrom === undefined ? [] : [{ itemIdentifier: goOnFrom }]",
      "[]",
    ],
  ]),
  ...inFile("adapters/aws/stream-records.ts", [
    [
      "a change's images are swapped",
      "before: itemOf(record.dynamodb?.OldImage),",
      "before: itemOf(record.dynamodb?.NewImage),",
    ],
    ["a change has no image before it", "before: itemOf(record.dynamodb?.OldImage),", "before: undefined,"],
  ]),
];
