/** An upload to S3 has no more. */
export const MOST_PARTS = 10_000;
const MOST_PART_BYTES = 5 * 1024 ** 3;

/** A body of so many buffers is a large one, 64 MiB with the usual 8. A crash then costs it two of them, 16 MiB. */
const LARGE = 8;
const GROWN = 2;
/** Of the body: a crash costs no more of it, and it has no more than 100 parts. */
const SHARE = 1 / 100;
/**
 * In milliseconds, at the pace so far. A part that takes long would cost a slow transfer what it has brought within an
 * invocation, and S3 gives up on a part of which nothing comes for 20 s.
 */
const MOST_MS = 10_000;

export interface SoFar {
  readonly totalBytes: number;
  /** Where the next part begins. */
  readonly offset: number;
  readonly parts: number;
  /** Of this attempt. */
  readonly bytesPerMs: number;
}

/** The least that lets the rest of a body fit into the parts that an upload may still have. */
export const neededBytes = ({ offset, parts, totalBytes }: Omit<SoFar, "bytesPerMs">): number =>
  Math.ceil((totalBytes - offset) / Math.max(1, MOST_PARTS - parts));

/** How long the next part of a body is, if it need not be held in memory. */
export function partBytes(soFar: SoFar, bufferBytes: number): number {
  const { bytesPerMs, offset, totalBytes } = soFar;
  const isLarge = totalBytes >= LARGE * bufferBytes;
  const grown = Math.min(Math.max(GROWN * bufferBytes, Math.ceil(totalBytes * SHARE)), bytesPerMs * MOST_MS);
  const wanted = isLarge && grown >= GROWN * bufferBytes ? Math.floor(grown) : bufferBytes;
  return Math.min(Math.max(wanted, neededBytes(soFar)), MOST_PART_BYTES, totalBytes - offset);
}
