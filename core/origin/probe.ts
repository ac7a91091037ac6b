import type { OperationResult } from "../model/operations.ts";
import { HostWaitsError, PermanentError, RetryableError } from "../model/errors.ts";
import { contentLengthOf, strongValidatorOf } from "./answer.ts";
import { askOrigin, type OriginRequest } from "./ask.ts";
import type { OriginDeps } from "./origin-deps.ts";
import { verdictOn } from "./statuses.ts";

/** Stands in HEAD's result for a validator that the origin does not give, because a result cannot hold undefined. */
const NO_VALIDATOR = "";
const NOTHING_LEARNED: OperationResult = { validator: NO_VALIDATOR };

/** Without a connection there is nothing that GET would do better. */
const NO_CONNECTION = new Set([
  "origin_refused_connection",
  "origin_name_not_found",
  "origin_unreachable",
  "origin_connect_timeout",
]);
const REFUSED_CERTIFICATE = "origin_certificate:";

const isWithoutConnection = ({ reason }: RetryableError): boolean =>
  reason === "robots_unavailable" || NO_CONNECTION.has(reason) || reason.startsWith(REFUSED_CERTIFICATE);

/**
 * HEAD: asks what the origin has, before any byte is fetched. It informs and never forbids: whatever goes wrong, GET
 * decides.
 */
export async function probeOrigin(
  deps: OriginDeps,
  { url, ownHeaders, signal }: Pick<OriginRequest, "url" | "ownHeaders" | "signal">,
): Promise<OperationResult> {
  const { clock, heads, settings, visit } = deps;
  if (heads.isUseless(url, clock.nowMs()) || visit.isPrecious(url)) return NOTHING_LEARNED;
  let isElsewhere = false;
  const onRedirect = (): void => {
    isElsewhere = true;
  };
  try {
    const { response } = await askOrigin(deps, {
      method: "HEAD",
      url,
      ownHeaders,
      signal,
      headTimeoutMs: settings.headTimeoutMs,
      onlyInforms: true,
      onRedirect,
    });
    response.discard();
    if (verdictOn(response.status) === "whole") {
      const bytes = contentLengthOf(response);
      return { validator: strongValidatorOf(response) ?? NO_VALIDATOR, ...(bytes !== undefined && { bytes }) };
    }
  } catch (error) {
    if (!saysTheOrigin(error, isElsewhere)) throw error;
  }
  heads.failed(url);
  return NOTHING_LEARNED;
}

/** A proxy that refuses says nothing of the origin, nor does a host that has no place: GET would find none either. */
const saysTheOrigin = (error: unknown, isElsewhere: boolean): boolean =>
  error instanceof PermanentError ||
  (error instanceof RetryableError &&
    !(error instanceof HostWaitsError) &&
    error.failureClass === "origin" &&
    (isElsewhere || !isWithoutConnection(error)));
