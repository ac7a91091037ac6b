/** What a message may say of the file that it wants, beyond the names and the URL. */
import * as z from "zod/mini";

const digest = (digits: number) =>
  z
    .string()
    .check(z.regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`), `not ${digits} hexadecimal digits`), z.toLowerCase());

/** The longest URL, as servers and browsers take it. In characters. */
export const MOST_URL_CHARACTERS = 8192;
export const url = z.string().check(
  z.maxLength(MOST_URL_CHARACTERS),
  z.refine((text) => URL.canParse(text), "not an absolute URL"),
);
export const id = z.string().check(z.minLength(1), z.maxLength(512));

/** They are secrets: they belong into one that is named by `auth`. */
const SECRET_HEADERS = new Set(["authorization", "cookie", "proxy-authorization"]);
/** They belong to the transfer. */
const OUR_HEADERS = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "keep-alive",
  "range",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
export const MOST_HEADERS = 16;
const MOST_MIRRORS = 8;
const MOST_METADATA_BYTES = 1024;

/** Why a request header of this name cannot be chosen; undefined if it can. */
export function headerProblem(name: string): string | undefined {
  const folded = name.toLowerCase();
  if (SECRET_HEADERS.has(folded)) return `${name} is a secret; name one with auth`;
  return OUR_HEADERS.has(folded) ? `${name} belongs to the transfer, and cannot be set` : undefined;
}

const headers = z
  .record(
    z.string().check(
      z.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "not the name of a header"),
      z.refine((name) => headerProblem(name) === undefined, "a secret, or of the transfer itself"),
    ),
    z.string().check(z.regex(/^[\t\x20-\x7e]{0,1000}$/, "not visible ASCII of up to 1,000 characters")),
  )
  .check(z.refine((all) => Object.keys(all).length <= MOST_HEADERS, `more than ${MOST_HEADERS} headers`));

const metadata = z
  .record(z.string(), z.unknown())
  .check(
    z.refine(
      (all) => new TextEncoder().encode(JSON.stringify(all)).length <= MOST_METADATA_BYTES,
      `longer than ${MOST_METADATA_BYTES} bytes of JSON`,
    ),
  );

const size = z.int().check(z.gte(0));

/** All of them are optional. They are kept in the job's record as they came. */
export const jobOrder = z.object({
  /** Digests and the size that the file must have. Another file fails the job. */
  sha512: z.optional(digest(128)),
  md5: z.optional(digest(32)),
  bytes: z.optional(size),
  /** What the file must be like. */
  expect: z.optional(
    z.strictObject({
      /** A media type, or `type/*`. */
      type: z.optional(z.string().check(z.regex(/^[\w.+-]+\/([\w.+-]+|\*)$/, "not a media type"))),
      least_bytes: z.optional(size),
      most_bytes: z.optional(size),
    }),
  ),
  /** Further request headers, for the origins of the URL and the mirrors alone. No secrets. */
  headers: z.optional(headers),
  /** The name of a secret: request headers, and the hosts that may get them. */
  auth: z.optional(z.string().check(z.regex(/^[\w/+=.@-]{1,256}$/, "not the name of a secret"))),
  /** Other URLs of the same file, tried in their order when the first one fails. */
  mirrors: z.optional(z.array(url).check(z.minLength(1), z.maxLength(MOST_MIRRORS))),
  /** Comes back in the result and the announcement. */
  metadata: z.optional(metadata),
  /** Names the job in the place of its URL: the URL without a signature that changes, or a key of the producer's. */
  identity: z.optional(id),
  /** Names a new look at a file that was fetched before: a date, for example. */
  refresh: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
});

export type JobOrder = z.infer<typeof jobOrder>;
export const ORDER_FIELDS = Object.keys(jobOrder.shape) as readonly (keyof JobOrder)[];

/** The order in a message; undefined if it says nothing of the kind. */
export function orderOf(message: JobOrder): JobOrder | undefined {
  const said = ORDER_FIELDS.filter((field) => message[field] !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said.map((field) => [field, message[field]]));
}
