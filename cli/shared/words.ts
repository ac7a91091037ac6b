/** What people read: sizes, durations, and why jobs failed. */
import { plural } from "../../core/lists/plural.ts";

export { plural };

// `import "node:http"` also loads Node's fetch, WebSocket and all: 35 ms of CPU at each start, here 2 ms.
const { STATUS_CODES } = process.getBuiltinModule("node:http");

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

export const timeOf = (ms: number): string => new Date(ms).toISOString();

/** A short name for the file: the last part of the URL's path, or the host if the path is empty. */
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
  private_address:
    "its address is private or loopback; allow it with --allow-private-hosts, or with --allow and its name",
  port_not_allowed: "only ports 80, 443, and 1024 and above are asked; allow another one with --allow :PORT",
  robots_disallow: "its host's robots.txt disallows it",
  robots_unavailable: "its host's robots.txt could not be had, so nothing was asked of that host",
  redirect_to_http: "its origin redirects from https to http; allow it with --allow https-to-http",
  credentials_in_url: "the URL contains a user name or password, which is not allowed",
  unsupported_scheme: "only http and https are downloaded",
  secret_unknown: "there is no secret of the name that it names; give it with --secrets",
  secret_not_for_host: "its secret is not for this host",
  secret_unreadable: "what is stored under its secret's name is not a secret",
  secrets_unavailable: "the store of secrets does not answer",
  digest_mismatch: "its digest differs from the one in the list",
  origin_digest_mismatch: "its bytes are not those whose digest the origin announced",
  size_mismatch: "its size differs from the one in the list",
  larger_than_expected: "it is larger than the list says that it may be",
  smaller_than_expected: "it is smaller than the list says that it must be",
  unexpected_type: "it is of another type than the list says",
  html_instead_of: "the origin sent a web page in its place, perhaps a login or a consent page",
  damaged_encoding: "its content coding is damaged or incomplete",
  unknown_transfer_coding: "its transfer coding is not known",
  encoding_bomb: "it unpacks to a size that is made to fill disks",
  too_large: "it is larger than the limit",
  type_not_allowed: "its type is not allowed",
  too_many_redirects: "it redirects too often",
  redirect_loop: "it redirects in a circle",
  redirect_to_invalid_url: "it redirects to an invalid URL",
  redirect_without_location: "it redirects without saying where to",
  challenge_page: "its origin lets only browsers in, after a challenge",
  too_many_continuations: "it needed more invocations than one file may use",
  torn_body: "its body ended too early",
  empty_body: "its body was empty, though HEAD told a length",
  unasked_part: "the origin answered with a part of it that nobody had asked for",
  origin_too_slow: "the origin sent it too slowly; allow that with --least-speed and --timeout",
  origin_connect_timeout: "the origin took too long to accept a connection",
  headers_too_large: "the origin's headers are larger than 256 KiB",
  origin_timeout: "the origin was silent for too long",
  origin_connection_lost: "the origin closed the connection",
  host_down: "its host is down",
  host_resting: "its host has asked to wait",
  host_full: "as much of its host is in use as is allowed",
  host_rules_unknown: "the limits of hosts that operators set could not be read",
  host_place_lost: "its place at its host was given to another job",
  origin_refused_connection: "the origin refused the connection",
  origin_name_not_found: "the origin's host name cannot be resolved",
  origin_unreachable: "the origin cannot be reached",
  origin_speaks_no_http: "the server at its address does not speak HTTP",
  origin_certificate: "its origin's certificate is not valid, which only the site's owner can change",
  "origin_certificate:unknown_issuer":
    "nobody here trusts the issuer of its origin's certificate; if you do, name the issuer's certificate in " +
    "NODE_EXTRA_CA_CERTS, or ask the site's owner whether the chain is complete",
  "origin_certificate:self_signed":
    "its origin signed its certificate itself; if you trust it, name that certificate in NODE_EXTRA_CA_CERTS",
  "origin_certificate:wrong_name":
    "its origin's certificate is for another name; use that name, or tell the site's owner",
  "origin_certificate:expired":
    "its origin's certificate has expired; tell the site's owner, or set this machine's clock if it is wrong",
  "origin_certificate:not_yet_valid":
    "its origin's certificate is not valid yet; set this machine's clock if it is wrong, or tell the site's owner",
  proxy_refused: "the proxy refused to connect to its origin",
  proxy_connection_lost: "the proxy closed the connection",
  proxy_timeout: "the proxy was silent for too long",
  proxy_unreachable: "the proxy cannot be reached",
  worker_crashed: "its worker crashed",
  content_size_mismatch: "other content is stored under its hash",
  content_taken_away: "its file was removed after it had been stored",
  staged_upload_gone: "what was downloaded of it disappeared from the staging area",
  staged_object_gone: "what was downloaded of it disappeared from the staging area",
  unexpected: "an error of fetchonce itself, which its log describes",
  out_of_time: "an invocation ended before it could stage a part",
  cancelled: "somebody cancelled it",
  dead_lettered: "its message was delivered too often and went to the dead-letter queue",
};

/** A reason code in words. Unknown codes are returned unchanged. */
export function describeReason(reason: string): string {
  const [kind = "", ...rest] = reason.split(":");
  if (kind === "retries_exhausted") return `given up after several tries: ${describeReason(rest.join(":"))}`;
  const status = /^http_(\d+)$/.exec(kind)?.[1];
  if (status !== undefined) return `the origin answered ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
  const exact = REASONS[reason];
  if (exact !== undefined) return exact;
  const words = REASONS[kind];
  if (words === undefined) return reason;
  return rest.length > 0 ? `${words} (${rest.join(":")})` : words;
}
