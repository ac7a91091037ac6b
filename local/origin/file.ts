import { z } from "zod";

const whole = z.coerce.number().int().nonnegative();
const positive = z.coerce.number().int().positive();
const status = z.coerce.number().int().min(100).max(599);

/** A file of the origin and how it misbehaves. Its URL says all of this, so the origin itself is never configured. */
const originFile = z.strictObject({
  name: z.string().min(1),
  size: whole,
  /** Files of the same content and size have the same bytes; a file's own name unless given. */
  content: z.string().min(1).optional(),
  type: z.string().min(1).optional(),
  encoding: z.literal("gzip").optional(),
  /** A strong ETag unless given. */
  validator: z.enum(["weak", "last-modified", "none"]).optional(),
  ranges: z.literal("ignored").optional(),
  /** What a 206 lies about in its Content-Range. */
  wrongRange: z.enum(["start", "total"]).optional(),
  /** No Content-Length. */
  length: z.literal("chunked").optional(),
  /** The Content-Length that is claimed instead of the true one; `headClaims` by HEAD alone. */
  claims: whole.optional(),
  headClaims: whole.optional(),

  /** Answers everything with this status. */
  status: status.optional(),
  /** Answers HEAD alone with this status. */
  headStatus: status.optional(),
  /** Redirections before the file itself. */
  redirects: whole.optional(),
  /** Redirects there, wherever that is. */
  redirectTo: z.string().min(1).optional(),

  /** The first so many requests (of `failMethod`, or all) get `failStatus`, 503 unless given. */
  failFirst: whole.optional(),
  failStatus: status.optional(),
  failMethod: z.enum(["HEAD", "GET"]).optional(),
  /** Retry-After in seconds, as a number unless `retryAfterAs` says otherwise. */
  retryAfter: whole.optional(),
  retryAfterAs: z.literal("date").optional(),

  /** Waits before its headers. */
  delayMs: whole.optional(),
  /** Bytes a second. */
  rate: positive.optional(),
  /** The first `tearFirst` (1 unless given) bodies end, connection and all, after `tearAfter` bytes. */
  tearAfter: whole.optional(),
  tearFirst: positive.optional(),
  /** The first `stallFirst` (1 unless given) bodies fall silent after `stallAfter` bytes. */
  stallAfter: whole.optional(),
  stallFirst: positive.optional(),
  /** After so many GETs the file is another version: other bytes, other ETag, other date. */
  changeAfter: positive.optional(),
});

export type OriginFile = z.infer<typeof originFile>;

const PREFIX = "/file/";

/** Path and query: `/file/<name>?size=...`, options in alphabetical order. */
export function originPath({ name, ...options }: OriginFile): string {
  const query = new URLSearchParams();
  for (const [option, value] of Object.entries(options)) if (value !== undefined) query.set(option, String(value));
  query.sort();
  return `${PREFIX}${encodeURIComponent(name)}?${query.toString()}`;
}

/** @returns the file, or in words why the path names none. */
export function originFileAt(path: string): OriginFile | string {
  const { pathname, searchParams } = new URL(path, "http://origin");
  if (!pathname.startsWith(PREFIX)) return "Files are at /file/<name>?size=<bytes>";
  const name = decodeURIComponent(pathname.slice(PREFIX.length));
  const parsed = originFile.safeParse({ ...Object.fromEntries(searchParams), name });
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}
