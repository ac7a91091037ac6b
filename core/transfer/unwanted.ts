import { PermanentError } from "../model/errors.ts";
import type { TransferSettings } from "./transfer-deps.ts";

/** @throws PermanentError (policy) when the body is too large or its type is not allowed. */
export function refuseUnwanted(settings: TransferSettings, contentType: string, totalBytes: number | undefined): void {
  if (totalBytes !== undefined && totalBytes > settings.maxBodyBytes) throw new PermanentError("too_large", "policy");
  const mediaType = contentType.replace(/;.*$/s, "").trim().toLowerCase();
  const allowed = settings.allowedContentTypes;
  const isAllowed = allowed.some((entry) =>
    entry.endsWith("/*") ? mediaType.startsWith(entry.slice(0, -1)) : mediaType === entry,
  );
  if (allowed.length > 0 && !isAllowed) throw new PermanentError(`type_not_allowed:${mediaType}`, "policy");
}
