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
  return REASONS[code] ?? (isParseError(error) ? "origin_speaks_no_http" : `origin_error:${code}`);
}

export const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

export const timeOut = (): Error => coded("ETIMEDOUT", "The origin was silent for too long.");
export const connectTimeOut = (): Error => coded("EORIGINCONNECT", "The origin took too long to accept a connection.");
