/**
 * A list in S3 that becomes a batch. Its record is one item, `LIST#<id>`, with a cursor: how far the list was read, and
 * how far its jobs were sent. Whoever expands it holds a lease, and writes on the version that it has seen.
 */
import { hash } from "node:crypto";
import * as z from "zod/mini";
import { DamagedRecordError } from "../model/errors.ts";
import type { Item, Write } from "../model/write.ts";
import { VALUE_KINDS } from "../batches/column-types.ts";
import type { FoundList } from "../ports/lists.ts";
import { LIST_FORMATS } from "../ports/list-items.ts";

/** Keys of the objects that are lists begin with it. */
export const LISTS_FOLDER = "lists/";

/** Its lines are `checking`, its jobs are `sending`, or it was `sent` or `refused`. */
const LIST_PHASES = ["checking", "sending", "sent", "refused"] as const;

/** No shard of the jobs, nor of the batches. */
export const LIST_SHARD = -2;
const LIST_PREFIX = "LIST#";
export const listItemKey = (id: string): string => LIST_PREFIX + id;

const count = z.int().check(z.gte(0));

const storedReading = z.object({
  format: z.optional(z.enum(LIST_FORMATS)),
  url_column: z.optional(z.string()),
  /** Whether the list's own columns go with the jobs. */
  metadata: z.boolean(),
  skip_invalid: z.boolean(),
});
/** How the lines become jobs. */
export type ListReading = Readonly<z.infer<typeof storedReading>>;

/** How far the lines were read. */
const cursor = z.object({
  /** The last line, or row, of the last file. */
  line: count,
  /** Of the list up to there: those that are valid, and the files that they are in. */
  lines: count,
  files: count,
  /** Problems up to there. */
  invalid: count,
  /** The first of them, in words. */
  problems: z.array(z.string()),
  /** What the values of each column are up to there. */
  kinds: z.record(z.string(), z.array(z.enum(VALUE_KINDS))),
});
export type ListCursor = Readonly<z.infer<typeof cursor>>;
const AT_THE_START: ListCursor = { line: 0, lines: 0, files: 0, invalid: 0, problems: [], kinds: {} };

const stored = z.object({
  pk: z.string().check(z.startsWith(LIST_PREFIX)),
  key: z.string(),
  etag: z.string(),
  name: z.string(),
  reading: storedReading,
  phase: z.enum(LIST_PHASES),
  cursor,
  /** Of the files. */
  files_sent: count,
  /** Why it was refused. */
  reason: z.optional(z.string()),
  created_at: z.number(),
  watch_at: z.optional(z.number()),
  version: count,
});

export interface ListRecord {
  /** Of the list, and of the batch that it becomes. */
  readonly id: string;
  /** Of the object. */
  readonly key: string;
  readonly etag: string;
  readonly name: string;
  readonly reading: ListReading;
  readonly phase: (typeof LIST_PHASES)[number];
  readonly cursor: ListCursor;
  readonly filesSent: number;
  readonly reason?: string;
  readonly createdAtMs: number;
  /** When its lease ends. Undefined: nothing is left to do. */
  readonly watchAtMs?: number;
  readonly version: number;
}

const ID_DIGITS = 20;

/** An object that is put again is a new list, although its bytes may be the same. */
export const listIdOf = (bucket: string, { etag, key, modifiedAtMs }: FoundList): string =>
  hash("sha256", JSON.stringify([bucket, key, etag, modifiedAtMs])).slice(0, ID_DIGITS);

/** @throws DamagedRecordError for an item that is not a list's. */
export function decodeList(item: Item): ListRecord {
  const { data, error } = stored.safeParse(item);
  if (error) throw new DamagedRecordError(item, error.issues.map(({ path }) => path.join(".")).join(", "));
  const { created_at, files_sent, pk, reason, watch_at, ...rest } = data;
  return {
    ...rest,
    id: pk.slice(LIST_PREFIX.length),
    filesSent: files_sent,
    createdAtMs: created_at,
    ...(reason !== undefined && { reason }),
    ...(watch_at !== undefined && { watchAtMs: watch_at }),
  };
}

export type NewList = Pick<ListRecord, "etag" | "id" | "key" | "name" | "phase" | "reading"> & {
  readonly reason?: string | undefined;
};

/** Refused if there is such a list: it was found before. */
export const createList = ({ etag, id, key, name, phase, reading, reason }: NewList, nowMs: number): Write => ({
  key: listItemKey(id),
  when: [[{ attribute: "pk", is: "absent" }]],
  set: {
    key,
    etag,
    name,
    reading: definedOf(reading),
    phase,
    cursor: AT_THE_START,
    files_sent: 0,
    created_at: nowMs,
    watch_at: nowMs,
    watch_shard: LIST_SHARD,
    version: 1,
    ...(reason !== undefined && { reason }),
  },
});

/**
 * Takes a list a step further. Refused if anybody has written it since: of two that expand it, one goes on.
 * @param by a name of this write alone: an item that bears it and refuses the write shows that it was applied.
 */
export const writeList = (seen: ListRecord, next: ListRecord, by: string): Write => ({
  key: listItemKey(seen.id),
  when: [[{ attribute: "version", is: "=", than: seen.version }]],
  set: {
    phase: next.phase,
    cursor: next.cursor,
    files_sent: next.filesSent,
    version: seen.version + 1,
    by,
    ...(next.reason !== undefined && { reason: next.reason }),
    ...(next.watchAtMs !== undefined && { watch_at: next.watchAtMs, watch_shard: LIST_SHARD }),
  },
  remove: next.watchAtMs === undefined ? ["watch_at", "watch_shard"] : [],
});

const definedOf = ({ format, metadata, skip_invalid, url_column }: ListReading) => ({
  metadata,
  skip_invalid,
  ...(format !== undefined && { format }),
  ...(url_column !== undefined && { url_column }),
});
