import { HostWaitsError, RetryableError } from "../model/errors.ts";
import { askOrigin, type OriginRequest } from "../origin/ask.ts";
import { statusError } from "../origin/answer.ts";
import { verdictOn } from "../origin/statuses.ts";
import type { HttpResponse } from "../ports/http.ts";
import { Pace } from "./pace.ts";
import { continuesFrom, rangeHeaders, type Range, type Version } from "./resume.ts";
import type { TransferDeps } from "./transfer-deps.ts";

/** Of a part, 512 KiB of the usual 8 MiB: an origin that breaks off every few MiB still delivers its file. */
const LITTLE = 1 / 16;

export interface BodySource extends Range {
  readonly url: string;
  readonly ownHeaders?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
  /** The answer whose body begins at `offset`. */
  readonly answer: HttpResponse;
  /** What a later range must belong to. Undefined: the origin offers no ranges of it. */
  readonly version: Version | undefined;
  /** HEAD has announced bytes. */
  readonly isNeverEmpty: boolean;
  /** What is told of each piece. Undefined: a pace of this body alone. */
  readonly pace?: Pick<Pace, "arrived">;
}

/**
 * The bytes of a body, from `offset` to its end. If the connection breaks, another one goes on where it broke, so that
 * a tear costs nothing but a request. Stops between two pieces when aborted: a body that never ends must not outlive
 * the lease or the invocation.
 * @throws RetryableError when the body is torn, or comes too slowly.
 */
export async function* steadyBody(deps: TransferDeps, source: BodySource): AsyncIterable<Uint8Array> {
  const { buffers, clock, settings } = deps;
  const { end = source.version?.totalBytes, pace = new Pace(settings.pace, buffers.bytes) } = source;
  let { answer, offset } = source;
  let broken = 0;
  for (;;) {
    const before = offset;
    try {
      let askedAtMs = clock.nowMs();
      for await (const piece of answer.body) {
        source.signal.throwIfAborted();
        offset += piece.length;
        pace.arrived(piece.length, clock.nowMs() - askedAtMs);
        yield piece;
        askedAtMs = clock.nowMs();
      }
      if (offset === 0 && source.isNeverEmpty) throw new RetryableError("empty_body");
      if (end === undefined || offset >= end) return;
      throw new RetryableError("torn_body");
    } catch (error) {
      broken = offset - before >= buffers.bytes * LITTLE ? 0 : broken + 1;
      const isTear = error instanceof RetryableError && offset > before && broken < settings.mostBrokenConnections;
      if (!isTear || !source.version) throw error;
      answer = await askOn(deps, { ...source, offset, version: source.version }, error);
    }
  }
}

export interface AskedRange extends Range, Pick<OriginRequest, "url" | "ownHeaders" | "signal" | "headTimeoutMs"> {
  readonly version: Version;
}

/** @throws why the range is asked for, or what the origin answers now instead of it. */
export async function askForRange(deps: TransferDeps, asked: AskedRange, why: Error): Promise<HttpResponse> {
  const { headTimeoutMs, ownHeaders, signal, url, version } = asked;
  const headers = rangeHeaders(version, asked);
  const { response } = await askOrigin(deps, { method: "GET", url, headers, ownHeaders, signal, headTimeoutMs });
  if (continuesFrom(version, asked, response)) return response;
  response.discard();
  throw verdictOn(response.status) === "retry" ? statusError(response, deps.clock.nowMs()) : why;
}

/** @throws as `askForRange`. A job whose body broke at a host that then had no place for it waits, and is charged. */
export async function askOn(deps: TransferDeps, asked: AskedRange, tear: RetryableError): Promise<HttpResponse> {
  try {
    return await askForRange(deps, asked, tear);
  } catch (error) {
    if (!(error instanceof HostWaitsError) || tear instanceof HostWaitsError) throw error;
    const { failureClass, reason } = tear;
    throw new RetryableError(reason, { failureClass, retryAfterMs: error.retryAfterMs ?? 0, cause: tear });
  }
}
