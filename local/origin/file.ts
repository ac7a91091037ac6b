import * as z from "zod";

const whole = z.coerce.number().int().nonnegative();
const positive = z.coerce.number().int().positive();
const status = z.coerce.number().int().min(100).max(599);

/** A file of the origin and how it misbehaves. The URL carries all options, so the origin needs no configuration. */
const originFile = z.strictObject({
  name: z.string().min(1),
  /** Bytes, before compression. */
  size: whole,
  /** Seed of the bytes: files with equal `content` and `size` have equal bytes. Default: the name. */
  content: z.string().min(1).optional(),
  /** Content-Type. Default: application/octet-stream. */
  type: z.string().min(1).optional(),
  encoding: z.literal("gzip").optional(),
  /** Default: a strong ETag and Last-Modified. */
  validator: z.enum(["weak", "last-modified", "none"]).optional(),
  /** Range requests get the whole file. */
  ranges: z.literal("ignored").optional(),
  /** Which part of a 206's Content-Range is wrong. */
  wrongRange: z.enum(["start", "total"]).optional(),
  /** Chunked: no Content-Length. */
  length: z.literal("chunked").optional(),
  /** A Content-Length to send instead of the true one. `headClaims` applies to HEAD only. */
  claims: whole.optional(),
  headClaims: whole.optional(),

  /** Answers all requests with this status. */
  status: status.optional(),
  /** Answers HEAD with this status. */
  headStatus: status.optional(),
  /** Number of redirects before the file itself. */
  redirects: whole.optional(),
  /** Redirects to this URL. */
  redirectTo: z.string().min(1).optional(),

  /** The first `failFirst` requests (of `failMethod`, if given) get `failStatus`. Defaults: 0, all methods, 503. */
  failFirst: whole.optional(),
  failStatus: status.optional(),
  failMethod: z.enum(["HEAD", "GET"]).optional(),
  /** Retry-After of failing answers, in seconds. Sent as a number by default. */
  retryAfter: whole.optional(),
  retryAfterAs: z.literal("date").optional(),

  /** Delay before the headers, in ms. */
  delayMs: whole.optional(),
  /** Bytes per second of one connection, over all that it is asked for. Default: unlimited. */
  rate: positive.optional(),
  /** The connection of the first `tearFirst` bodies (default 1) is closed after `tearAfter` bytes. */
  tearAfter: whole.optional(),
  tearFirst: positive.optional(),
  /** The first `stallFirst` bodies (default 1) stop after `stallAfter` bytes; the connection stays open. */
  stallAfter: whole.optional(),
  stallFirst: positive.optional(),
  /** After this many GETs the file changes its version: bytes, ETag and date. */
  changeAfter: positive.optional(),
});

export type OriginFile = z.infer<typeof originFile>;

const PREFIX = "/file/";

/** Path and query: `/file/<name>?size=...`, with the options in alphabetical order. */
export function originPath({ name, ...options }: OriginFile): string {
  const query = new URLSearchParams();
  for (const [option, value] of Object.entries(options)) if (value !== undefined) query.set(option, String(value));
  query.sort();
  return `${PREFIX}${encodeURIComponent(name)}?${query.toString()}`;
}

/** @returns the file; if the path names none, the reason in words. */
export function originFileAt(path: string): OriginFile | string {
  const { pathname, searchParams } = new URL(path, "http://origin");
  if (!pathname.startsWith(PREFIX)) return "Files are at /file/<name>?size=<bytes>";
  const name = decodeURIComponent(pathname.slice(PREFIX.length));
  const parsed = originFile.safeParse({ ...Object.fromEntries(searchParams), name });
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}
