/** What Node's errors mean, in reasons that do not depend on the HTTP client. */

const REASONS: Readonly<Record<string, string>> = {
  ETIMEDOUT: "origin_timeout",
  EORIGINCONNECT: "origin_connect_timeout",
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ECONNRESET: "origin_connection_lost",
  EPIPE: "origin_connection_lost",
  ECONNREFUSED: "origin_refused_connection",
  ENOTFOUND: "origin_name_not_found",
  EAI_AGAIN: "origin_name_not_found",
  EHOSTUNREACH: "origin_unreachable",
  ENETUNREACH: "origin_unreachable",
};

/** By Node's codes for certificates that it refuses (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_TROUBLE: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT: "unknown_issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown_issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown_issuer",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown_issuer",
  CERT_UNTRUSTED: "unknown_issuer",
  CERT_REJECTED: "unknown_issuer",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self_signed",
  ERR_TLS_CERT_ALTNAME_INVALID: "wrong_name",
  HOSTNAME_MISMATCH: "wrong_name",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not_yet_valid",
  CERT_REVOKED: "revoked",
  CRL_HAS_EXPIRED: "revocation_unknown",
  CRL_NOT_YET_VALID: "revocation_unknown",
  CRL_SIGNATURE_FAILURE: "revocation_unknown",
  ERROR_IN_CRL_LAST_UPDATE_FIELD: "revocation_unknown",
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: "revocation_unknown",
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: "revocation_unknown",
  UNABLE_TO_GET_CRL: "revocation_unknown",
  CERT_CHAIN_TOO_LONG: "unfit",
  INVALID_CA: "unfit",
  INVALID_PURPOSE: "unfit",
  PATH_LENGTH_EXCEEDED: "unfit",
  CERT_SIGNATURE_FAILURE: "damaged",
  ERROR_IN_CERT_NOT_AFTER_FIELD: "damaged",
  ERROR_IN_CERT_NOT_BEFORE_FIELD: "damaged",
  ERR_TLS_CERT_ALTNAME_FORMAT: "damaged",
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: "damaged",
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: "damaged",
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unknown");
/** Of Node's HTTP parser. */
export const isParseError = (error: unknown): boolean => codeOf(error).startsWith("HPE_");
export const isBrokenConnection = (error: Error): boolean => ["ECONNRESET", "EPIPE"].includes(codeOf(error));
/** TLS has a number and no code for a server that refuses HTTP/1.1: no_application_protocol (RFC 7301, 3.2). */
const isOtherProtocol = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("SSL alert number 120");

export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (isOtherProtocol(error)) return "origin_speaks_no_http";
  const certificate = CERTIFICATE_TROUBLE[code];
  if (certificate !== undefined) return `origin_certificate:${certificate}`;
  return REASONS[code] ?? (isParseError(error) ? "origin_speaks_no_http" : `origin_error:${code}`);
}

export const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

export const timeOut = (): Error => coded("ETIMEDOUT", "The origin was silent for too long.");
export const connectTimeOut = (): Error => coded("EORIGINCONNECT", "The origin took too long to accept a connection.");
