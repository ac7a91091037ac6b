/** Mutants of what a message may say: mirrors, renewed URLs, refreshed files. */
import { inFile, type Mutant } from "../mutant.ts";

export const ORDER_MUTANTS: readonly Mutant[] = [
  ...inFile("core/worker/stage.ts", [
    ["mirrors are not tried", "...(order?.mirrors ?? []).map(", "...([] as string[]).map("],
    [
      "what a first source staged is fetched again from another one",
      "const first = staged >= 0 ? staged : ",
      "const first = ",
    ],
    ["a source is left in the middle of its file", "if (isBegun && error instanceof RetryableError) break;", ""],
    [
      "a source that may deliver later counts as refused for good",
      "throw troubles.find((trouble) => trouble instanceof RetryableError) ?? first;",
      "throw first;",
    ],
  ]),
  ...inFile("core/transfer/transfer.ts", [
    [
      "a transfer goes on with what another source has staged",
      "const begun = owner.checkpoint?.mirror === request.mirror ? owner.checkpoint : undefined;",
      "const begun = owner.checkpoint;",
    ],
    ["what has not changed is taken for refused", "if (before && answer.response.status === 304) {", "if (!before) {"],
  ]),
  ...inFile("core/worker/wanted.ts", [
    ["the expected digest is not compared", "...(sha256 !== undefined && { sha256 }),", ""],
  ]),
  ...inFile("core/worker/generations.ts", [
    [
      "a generation whose content is gone is believed",
      "return there?.bytes === before.transfer.bytes ? { jobId: before.jobId, transfer: before.transfer } : undefined;",
      "return { jobId: before.jobId, transfer: before.transfer };",
    ],
    [
      "no generation becomes the latest",
      "  await items.write(nameLatest(",
      "  if (record === undefined) await items.write(nameLatest(",
    ],
  ]),
  ...inFile("core/model/index-protocol.ts", [
    [
      "an earlier generation takes the place of a later one",
      'when: [[isNew], [{ attribute: "planned_at", is: "<", than: plannedAtMs }]],',
      "when: [[]],",
    ],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    [
      "a URL is never renewed",
      "return (await items.write(renewUrl(",
      'return (await items.read("")) !== undefined && (await items.write(renewUrl(',
    ],
  ]),
  ...inFile("core/model/protocol.ts", [
    [
      "an older message takes the place of a newer URL",
      'when: [[isOpen, { attribute: "url_sent_at", is: "<", than: sentAtMs }]],',
      "when: [[isOpen]],",
    ],
  ]),
];
