import { PermanentError } from "../model/errors.ts";
import type { OriginFacts } from "../model/record.ts";
import { isHtml } from "../origin/html.ts";
import { hasSignature, typesShownBy } from "../origin/signatures.ts";
import type { WantedBody } from "./wanted-body.ts";
import type { TransferSettings } from "./transfer-deps.ts";

const HTML = "text/html";
/** What servers say when they do not know. */
const VAGUE = new Set(["application/octet-stream", "binary/octet-stream", "text/plain", "application/download"]);
const mediaTypeOf = (contentType: string): string => contentType.replace(/;.*$/s, "").trim().toLowerCase();
const fits = (type: string, wanted: string): boolean =>
  wanted.endsWith("/*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;

/** @throws PermanentError (policy) when the body is too large or its type is not allowed. */
export function refuseUnwanted(settings: TransferSettings, contentType: string, totalBytes: number | undefined): void {
  if (totalBytes !== undefined && totalBytes > settings.maxBodyBytes) throw new PermanentError("too_large", "policy");
  const mediaType = mediaTypeOf(contentType);
  const allowed = settings.allowedContentTypes;
  if (allowed.length > 0 && !allowed.some((entry) => fits(mediaType, entry)))
    throw new PermanentError(`type_not_allowed:${mediaType}`, "policy");
}

/**
 * Judges the first bytes of a body: login, consent and challenge pages come in the place of files, with their types.
 * @throws PermanentError (origin) that names what came.
 */
export function refuseHead(head: Uint8Array, { contentEncoding, contentType }: OriginFacts, wanted: WantedBody): void {
  // Coded bytes show nothing of what they hold.
  if (contentEncoding !== undefined || head.length === 0) return;
  const announced = mediaTypeOf(contentType);
  if (wanted.type !== undefined) refuseOther(head, announced, wanted.type.toLowerCase());
  if (hasSignature(announced) && isHtml(head)) throw new PermanentError(`html_instead_of:${announced}`, "origin");
}

/** What the bytes show counts more than what the origin says. */
function refuseOther(head: Uint8Array, announced: string, wanted: string): void {
  const shown = isHtml(head) ? [HTML] : typesShownBy(head);
  if (shown.some((type) => fits(type, wanted))) return;
  const isVague = shown.length === 0 && VAGUE.has(announced) && !hasSignature(wanted);
  const isAsSaid = fits(announced, wanted) && (shown.length === 0 || !hasSignature(wanted));
  if (isVague || isAsSaid) return;
  throw new PermanentError(`unexpected_type:${shown[0] ?? announced}`, "origin");
}
