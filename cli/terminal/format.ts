import { STATUS_CODES } from "node:http";

const UNITS = ["KiB", "MiB", "GiB", "TiB"];

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(UNITS.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${UNITS[power - 1]}`;
}

export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** What a person calls the file: the last part of the URL's path, or its host. */
export function fileLabel(url: string): string {
  const { pathname, host } = new URL(url);
  const name = pathname.split("/").findLast((part) => part !== "") ?? host;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  private_address: "its address is private or loopback; --allow-private-hosts permits that",
  credentials_in_url: "the URL carries a user name or password, which is not allowed",
  unsupported_scheme: "only http and https are downloaded",
  digest_mismatch: "its SHA-256 is not the one the manifest gives",
  too_large: "it is larger than the limit",
  type_not_allowed: "its type is not allowed",
  too_many_redirects: "it redirects too often",
  redirect_to_invalid_url: "it redirects to something that is no URL",
  too_many_continuations: "it took more invocations than one file may",
  torn_body: "its body ended too early",
  origin_timeout: "the origin was silent for too long",
  origin_connection_lost: "the origin closed the connection",
  origin_refused_connection: "the origin refused the connection",
  origin_name_not_found: "the origin's host name is not known",
  origin_unreachable: "the origin cannot be reached",
  origin_speaks_no_http: "what answered does not speak HTTP",
  worker_crashed: "its worker crashed",
  out_of_time: "an invocation ended before a part of it was staged",
  dead_lettered: "its message was delivered too often and went to the dead-letter queue",
};

/** A machine's reason in words; one we have no words for is shown as it is. */
export function describeReason(reason: string): string {
  const [kind = "", ...rest] = reason.split(":");
  if (kind === "retries_exhausted") return `given up after several tries: ${describeReason(rest.join(":"))}`;
  const status = /^http_(\d+)$/.exec(kind)?.[1];
  if (status !== undefined) return `the origin answered ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
  const words = REASONS[kind];
  if (words === undefined) return reason;
  return rest.length > 0 ? `${words} (${rest.join(":")})` : words;
}
