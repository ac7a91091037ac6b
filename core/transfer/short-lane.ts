/**
 * Workers take jobs in batches, and a batch ends with its slowest job. So a job that shows to be long is handed over to
 * workers that take one at a time: by its length, or because its transfer goes on and on.
 */
import { LongJobError, RetryableError } from "../model/errors.ts";
import type { TransferDeps, TransferSettings } from "./transfer-deps.ts";

/** @throws LongJobError when a body of this length is one for the long lane. */
export function handOverLong({ shortLane }: Pick<TransferSettings, "shortLane">, bytes: number | undefined): void {
  if (shortLane && bytes !== undefined && bytes >= shortLane.longFromBytes) throw new LongJobError("long_file");
}

/** Watches one transfer. */
export interface Watch {
  /** Aborted also when the transfer has no more time, with a LongJobError or, if little comes, a RetryableError. */
  readonly signal: AbortSignal;
  /** The same body. Its time begins with the first piece that is asked for. */
  body(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

export function watchTransfer({ clock, settings }: TransferDeps, signal: AbortSignal): Watch {
  const { pace, shortLane } = settings;
  if (!shortLane) return { signal, body: (pieces) => pieces };
  const timeUp = new AbortController();
  // Only the second half is judged: a body that has stopped in the middle comes no faster in the long lane.
  const halfMs = shortLane.shortLaneMs / 2;
  const leastBytes = (pace.leastBytesPerSecond * halfMs) / 1000;

  async function* body(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    let isWaiting = true;
    let bytes = 0;
    const judge = (): void =>
      timeUp.abort(isWaiting && bytes < leastBytes ? tooSlow() : new LongJobError("long_transfer"));
    let stop = clock.after(halfMs, () => {
      bytes = 0;
      stop = clock.after(halfMs, judge);
    });
    try {
      for await (const piece of pieces) {
        bytes += piece.length;
        isWaiting = false;
        yield piece;
        isWaiting = true;
      }
    } finally {
      stop();
    }
  }

  return { signal: AbortSignal.any([signal, timeUp.signal]), body };
}

const tooSlow = (): RetryableError => new RetryableError("origin_too_slow");
