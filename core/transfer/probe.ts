import {
  askOrigin,
  contentLengthOf,
  contentRangeOf,
  contentTypeOf,
  refuseUnwanted,
  statusError,
  strongValidatorOf,
} from "./origin.ts";
import type { OperationResult } from "../model/operations.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { TransferDeps } from "./transfer-deps.ts";

/** Stands in HEAD's result for a validator that the origin does not give, because a result cannot hold undefined. */
const NO_VALIDATOR = "";

/** Answers to HEAD that say nothing about GET: HEAD is unknown or not allowed, or the URL is signed for GET only. */
const HEAD_REFUSED = new Set([400, 403, 405, 501]);

/**
 * HEAD: asks what the origin has, before any byte is fetched. If HEAD is refused, it asks for the first byte instead.
 */
export async function probeOrigin(deps: TransferDeps, url: string, signal: AbortSignal): Promise<OperationResult> {
  const head = await askOrigin(deps, { method: "HEAD", url, signal });
  head.discard();
  if (!HEAD_REFUSED.has(head.status)) return judge(deps, head, contentLengthOf(head));

  const first = await askOrigin(deps, { method: "GET", url, headers: { range: "bytes=0-0" }, signal });
  first.discard();
  // An empty body has no first byte: the origin answers 416, and the later GET shows the rest.
  if (first.status === 416) return { validator: strongValidatorOf(first) ?? NO_VALIDATOR };
  return judge(deps, first, first.status === 206 ? contentRangeOf(first)?.totalBytes : contentLengthOf(first));
}

function judge(deps: TransferDeps, response: HttpResponse, totalBytes: number | undefined): OperationResult {
  if (response.status < 200 || response.status >= 300) throw statusError(response, deps.clock.nowMs());
  refuseUnwanted(deps.settings, contentTypeOf(response), totalBytes);
  return {
    validator: strongValidatorOf(response) ?? NO_VALIDATOR,
    ...(totalBytes !== undefined && { bytes: totalBytes }),
  };
}
