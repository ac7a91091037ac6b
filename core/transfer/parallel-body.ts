import { PermanentError, RetryableError } from "../model/errors.ts";
import { Connections } from "./connections.ts";
import { RangesAhead } from "./ranges-ahead.ts";
import type { Version } from "./resume.ts";
import { askOn, steadyBody, type BodySource } from "./steady-body.ts";
import type { TransferDeps } from "./transfer-deps.ts";

/** A body with fewer parts comes over one connection: more would hardly be there before it ends. */
const LEAST_PARTS = 5;

export interface LargeSource extends BodySource {
  /** The URL that answered. Ranges are asked of it, so that they need not be redirected as well. */
  readonly finalUrl: string;
}

type Splittable = LargeSource & { readonly version: Version };

/**
 * The bytes of a body, from `offset` to its end. After one part, the rest of a large one comes in ranges, over as many
 * connections as make it faster. The first connection is given up only when the origin has begun to send a range. If a
 * later range does not come, one connection goes on: it decides whether the body can be had, as if it had always been
 * alone. A piece is valid until the next one is asked for.
 * @throws RetryableError when the body is torn, or comes too slowly.
 */
export async function* parallelBody(deps: TransferDeps, source: LargeSource): AsyncIterable<Uint8Array> {
  if (!isSplittable(deps, source)) {
    yield* steadyBody(deps, source);
    return;
  }
  const more = await deps.visit.widen(source.finalUrl, deps.settings.mostRanges - 1);
  const connections = new Connections(deps.clock, 1 + more, deps.buffers.bytes);
  let { offset } = source;
  let ahead: RangesAhead | undefined;
  for await (const piece of steadyBody(deps, source)) {
    yield piece;
    offset += piece.length;
    const wasOne = connections.count === 1;
    connections.arrived(piece.length);
    if (wasOne && connections.count > 1) ahead = await begun(deps, source, offset, connections);
    if (ahead) break;
  }
  if (!ahead) return;
  yield* ahead.inOrder();
  if (ahead.read < source.version.totalBytes) yield* oneAgain(deps, source, ahead);
}

function isSplittable(deps: TransferDeps, source: LargeSource): source is Splittable {
  const { buffers, clock, ranges, settings } = deps;
  const { finalUrl, offset, version } = source;
  const isLarge = version !== undefined && version.totalBytes - offset >= LEAST_PARTS * buffers.bytes;
  return isLarge && settings.mostRanges > 1 && !ranges.isUseless(finalUrl, clock.nowMs());
}

/** Undefined if the origin does not send the first range, or if there is no memory for it. */
async function begun(
  deps: TransferDeps,
  { finalUrl, ownHeaders, signal, url, version }: Splittable,
  offset: number,
  connections: Connections,
): Promise<RangesAhead | undefined> {
  const isOwn = new URL(finalUrl).origin === new URL(url).origin;
  const rest = { url: finalUrl, ownHeaders: isOwn ? ownHeaders : undefined, signal, version, offset };
  try {
    return await RangesAhead.begin(deps, rest, connections);
  } catch (error) {
    throwUnlessOrigins(error, signal);
    deps.ranges.wasUseless(finalUrl, deps.clock.nowMs());
    return undefined;
  }
}

async function* oneAgain(deps: TransferDeps, source: Splittable, ahead: RangesAhead): AsyncIterable<Uint8Array> {
  const { failure, read: offset } = ahead;
  if (failure !== undefined) throwUnlessOrigins(failure, source.signal);
  deps.ranges.wasUseless(source.finalUrl, deps.clock.nowMs());
  const tear = failure instanceof RetryableError ? failure : new RetryableError("torn_body", { cause: failure });
  const answer = await askOn(deps, { ...source, offset }, tear);
  yield* steadyBody(deps, { ...source, offset, answer });
}

/** A job that was stopped, and an error that only a bug throws, say nothing of the origin. */
function throwUnlessOrigins(error: unknown, signal: AbortSignal): void {
  signal.throwIfAborted();
  if (!(error instanceof RetryableError || error instanceof PermanentError)) throw error;
}
