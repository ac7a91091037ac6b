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

/** What HEAD's result says in the place of a validator that the origin does not give: a result holds no undefined. */
const NO_VALIDATOR = "";

/** Answers to HEAD that say nothing about GET: a method unknown to the origin, not allowed, or signed for GET alone. */
const HEAD_REFUSED = new Set([400, 403, 405, 501]);

/**
 * HEAD: what the origin says it has, before a byte is fetched. Where HEAD is refused, the first byte is asked for.
 */
export async function probeOrigin(deps: TransferDeps, url: string, signal: AbortSignal): Promise<OperationResult> {
  const head = await askOrigin(deps, { method: "HEAD", url, signal });
  head.discard();
  if (!HEAD_REFUSED.has(head.status)) return judge(deps, head, contentLengthOf(head));

  const first = await askOrigin(deps, { method: "GET", url, headers: { range: "bytes=0-0" }, signal });
  first.discard();
  // An empty body has no first byte: that answer is 416, and the GET itself will say the rest.
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
