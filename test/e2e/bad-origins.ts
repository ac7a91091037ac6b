/** Origins that refuse, lie or break off, and what becomes of a job of theirs. */
import type { JobRecord } from "../../core/model/record.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, MIB } from "./support.ts";

/** The settings under which it becomes so. */
export const MAX_BODY_BYTES = 20 * MIB;
export const MAX_ATTEMPTS = 2;

export interface Case {
  readonly what: string;
  readonly input: OriginFile | string;
  readonly sha256?: string;
  readonly failure: Pick<JobRecord, "reason" | "failureClass" | "attempts">;
}

const failsAtOnce = (reason: string, failureClass: "origin" | "policy"): Case["failure"] => ({
  reason,
  failureClass,
  attempts: 1,
});
export const failsAfterRetries = (reason: string): Case["failure"] => ({
  reason: `retries_exhausted:${reason}`,
  failureClass: "origin",
  attempts: MAX_ATTEMPTS,
});

const statusCase = (status: number): Case => ({
  what: `an origin that answers ${status}`,
  input: { name: `status-${status}`, size: 0, status },
  failure: failsAtOnce(`http_${status}`, "origin"),
});

export const FAILING: readonly Case[] = [
  {
    what: "an unsupported scheme",
    input: "ftp://example.org/file",
    failure: failsAtOnce("unsupported_scheme:ftp", "policy"),
  },
  {
    what: "credentials in the URL",
    input: "https://user:secret@example.org/file",
    failure: failsAtOnce("credentials_in_url", "policy"),
  },
  {
    what: "a redirect to an unsupported scheme",
    input: { name: "to-ftp", size: 0, redirectTo: "ftp://example.org/file" },
    failure: failsAtOnce("unsupported_scheme:ftp", "policy"),
  },
  {
    what: "a redirect to a URL with credentials",
    input: { name: "to-credentials", size: 0, redirectTo: "https://user:secret@example.org/" },
    failure: failsAtOnce("credentials_in_url", "policy"),
  },
  {
    what: "an endless chain of redirects",
    input: { name: "in-circles", size: 0, redirects: 50 },
    failure: failsAtOnce("too_many_redirects", "origin"),
  },
  ...[401, 403, 404, 410, 451].map(statusCase),
  {
    what: "an origin that always answers 500",
    input: { name: "broken", size: 0, status: 500 },
    failure: failsAfterRetries("http_500"),
  },
  {
    what: "an origin that breaks off every body",
    input: { name: "always-torn", size: 64 * KIB, tearAfter: 10 * KIB, tearFirst: 99 },
    failure: failsAfterRetries("origin_connection_lost"),
  },
  {
    what: "a Content-Length longer than the body",
    input: { name: "claims-more", size: 10 * KIB, claims: 11 * KIB },
    failure: failsAfterRetries("origin_connection_lost"),
  },
  {
    what: "an origin that stays silent",
    input: { name: "silent", size: 64 * KIB, stallAfter: 10 * KIB, stallFirst: 99 },
    failure: failsAfterRetries("origin_timeout"),
  },
  {
    what: "a Content-Length above the limit",
    input: { name: "too-large", size: MAX_BODY_BYTES + 1 },
    failure: failsAtOnce("too_large", "policy"),
  },
  {
    what: "a body above the limit, length unknown",
    input: { name: "too-large-untold", size: MAX_BODY_BYTES + 1, length: "chunked" },
    failure: failsAtOnce("too_large", "policy"),
  },
  {
    what: "a type that is not allowed",
    input: { name: "film", size: KIB, type: "video/mp4" },
    failure: failsAtOnce("type_not_allowed:video/mp4", "policy"),
  },
  {
    what: "a one-part body with a wrong digest",
    input: { name: "not-as-expected", size: KIB },
    sha256: "0".repeat(64),
    failure: failsAtOnce("digest_mismatch", "origin"),
  },
  {
    what: "a multipart body with a wrong digest",
    input: { name: "not-as-expected-either", size: 9 * MIB },
    sha256: "f".repeat(64),
    failure: failsAtOnce("digest_mismatch", "origin"),
  },
];

interface Healed {
  readonly what: string;
  readonly file: OriginFile;
  readonly version: 1 | 2;
  readonly expected: Partial<JobRecord>;
}

/** Origins that lie or change, which is noticed in time: the job still ends well. */
export const HEALED: readonly Healed[] = [
  {
    what: "a 206 that starts at another byte",
    file: { name: "wrong-start", size: 12 * MIB, tearAfter: 9 * MIB, wrongRange: "start" },
    version: 1,
    expected: { attempts: 2, resumedBytes: 0 },
  },
  {
    what: "a 206 with another total length",
    file: { name: "wrong-total", size: 12 * MIB, tearAfter: 9 * MIB, wrongRange: "total" },
    version: 1,
    expected: { attempts: 2, resumedBytes: 0 },
  },
  {
    what: "a file that changes while it is fetched",
    file: { name: "changing", size: 12 * MIB, tearAfter: 9 * MIB, changeAfter: 1 },
    version: 2,
    expected: { attempts: 2, resumedBytes: 0 },
  },
  {
    what: "a HEAD that lies about the length",
    file: { name: "head-lies", size: 5 * KIB, headClaims: 7 * KIB },
    version: 1,
    expected: { attempts: 1 },
  },
];
