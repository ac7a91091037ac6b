/** Mutants of what ends a job that somebody has cancelled. */
import { inFile, type Mutant } from "../mutant.ts";

export const CANCEL_MUTANTS: readonly Mutant[] = [
  ...inFile("core/model/recovery-protocol.ts", [
    [
      "a cancelled job keeps its fence",
      '  add: { fence: 1 },\n  remove: [...LEASE_ATTRIBUTES, "checkpoint"],',
      '  remove: [...LEASE_ATTRIBUTES, "checkpoint"],',
    ],
    ["a cancelled job keeps its lease", 'remove: [...LEASE_ATTRIBUTES, "checkpoint"],', 'remove: ["checkpoint"],'],
    [
      "a cancelled job keeps its checkpoint",
      'remove: [...LEASE_ATTRIBUTES, "checkpoint"],',
      "remove: LEASE_ATTRIBUTES,",
    ],
    [
      "a job is cancelled whoever has it since it was seen",
      'when: [[isOpen, { attribute: "fence", is: "=", than: fence }]],\n  set: { ...failed(CANCELLED',
      "when: [[isOpen]],\n  set: { ...failed(CANCELLED",
    ],
    [
      "a job is cancelled that has ended",
      'when: [[isOpen, { attribute: "fence", is: "=", than: fence }]],\n  set: { ...failed(CANCELLED',
      'when: [[{ attribute: "fence", is: "=", than: fence }]],\n  set: { ...failed(CANCELLED',
    ],
    [
      "a job is cancelled as if it had not begun",
      "when: [[isNew]],\n  set: {\n    ...named(message),",
      "when: [[isNew], [isOpen]],\n  set: {\n    ...named(message),",
    ],
  ]),
  ...inFile("core/worker/watch-fence.ts", [
    ["a worker does not look whether its job was cancelled", "job.giveUp();", "undefined;"],
  ]),
  ...inFile("core/stream/announcement-of.ts", [
    ["a job that was cancelled before it began is not announced", "isCancelledUnbegun(after)))", "false))"],
  ]),
];
