/** Files that together make the workers use every AWS call that they have, and how each of them is to end. */
import type { OriginFile } from "../../../local/origin/file.ts";
import type { Death } from "./recorder.ts";
import { PART_BYTES } from "./stage.ts";

export const WITHOUT_A_RECORD = "published without a record";

export interface Scenario {
  readonly file: OriginFile;
  readonly ends: "INDEXED" | "DEDUPED" | "FAILED" | typeof WITHOUT_A_RECORD;
  /** Sent after all others are over: the file has the content of one of them. */
  readonly isLater?: true;
  /** How the first worker that gets so far is killed, and whether the bytes that it staged are lost as well. */
  readonly dies?: Death & { readonly losing?: "what was staged" };
}

export const LONG = "longer-than-an-invocation";
const NOT_RESUMABLE = "torn-and-not-resumable";
export const SMALL: OriginFile = { name: "small", size: 1000 };

/** Of each lane: both functions must use all their grants. */
const OF_A_LANE: readonly Scenario[] = [
  { file: { name: "tiny", size: 100 }, ends: "INDEXED" },
  { file: { name: "tiny-again", size: 100, content: "tiny" }, ends: "DEDUPED", isLater: true },
  { file: { name: "put-by-the-dead", size: 100 }, ends: "INDEXED", dies: { after: "PutObject" } },
  { file: SMALL, ends: "INDEXED" },
  { file: { name: "small-again", size: 1000, content: "small" }, ends: "DEDUPED", isLater: true },
  { file: { name: "large", size: 3 * PART_BYTES }, ends: "INDEXED" },
  { file: { name: "large-again", size: 3 * PART_BYTES, content: "large" }, ends: "DEDUPED", isLater: true },
  { file: { name: "torn", size: 3 * PART_BYTES, tearAfter: 2.5 * PART_BYTES }, ends: "INDEXED" },
  {
    file: { name: "changed", size: 3 * PART_BYTES, tearAfter: 2.5 * PART_BYTES, changeAfter: 1 },
    ends: "INDEXED",
  },
  {
    file: { name: NOT_RESUMABLE, size: 3 * PART_BYTES, tearAfter: 2.5 * PART_BYTES, validator: "none" },
    ends: "INDEXED",
  },
  { file: { name: LONG, size: 6 * PART_BYTES, rate: 1.2 * PART_BYTES }, ends: "INDEXED" },
  { file: { name: "gone", size: 1, status: 404 }, ends: "FAILED" },
  { file: { name: "copied-by-the-dead", size: 1000 }, ends: "INDEXED", dies: { after: "CopyObject" } },
  {
    file: { name: "tried-again-by-the-dead", size: 1000, failFirst: 2, failStatus: 503 },
    ends: "INDEXED",
    dies: { after: "CopyObject" },
  },
  {
    file: { name: "large-and-copied-in-part-by-the-dead", size: 3 * PART_BYTES },
    ends: "INDEXED",
    dies: { after: "UploadPartCopy" },
  },
  {
    file: { name: "lost-before-the-copy", size: 1000 },
    ends: "INDEXED",
    dies: { before: "CopyObject", losing: "what was staged" },
  },
  {
    file: { name: "lost-after-the-upload", size: 3 * PART_BYTES },
    ends: "INDEXED",
    dies: { after: "CompleteMultipartUpload", losing: "what was staged" },
  },
  { file: { name: "unguarded", size: 1000 }, ends: WITHOUT_A_RECORD },
  { file: { name: "unguarded-and-large", size: 3 * PART_BYTES }, ends: WITHOUT_A_RECORD },
];

const named =
  (suffix: string) =>
  ({ file, ...scenario }: Scenario): Scenario => ({
    ...scenario,
    file: {
      ...file,
      name: `${file.name}${suffix}`,
      ...(file.content !== undefined && { content: `${file.content}${suffix}` }),
    },
  });
export const HANDED_OVER = "-handed-over";

export const OF_THE_WORK_QUEUE = [...OF_A_LANE, ...OF_A_LANE.map(named(HANDED_OVER))];
/** A message that is kept hidden, and one that is replaced: all that a worker does to a queue of its own. */
export const OF_THE_URGENT_QUEUE = OF_A_LANE.filter(({ file }) => [LONG, NOT_RESUMABLE].includes(file.name)).map(
  named("-urgent"),
);
export const SCENARIOS: readonly Scenario[] = [...OF_THE_WORK_QUEUE, ...OF_THE_URGENT_QUEUE];
