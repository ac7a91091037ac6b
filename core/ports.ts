/**
 * Everything the domain needs from outside, as small interfaces. `adapters/` implements them on AWS and HTTP;
 * a simulator can implement them in memory. Nothing in `core/` does I/O, reads a clock or draws a random number itself.
 */
import type { Announcement } from "./announcement.ts";
import type { Item, Write, WriteResult } from "./items.ts";
import type { TelemetryEvent } from "./events.ts";

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Runs `task` every `periodMs` until the returned function is called. */
  every(periodMs: number, task: () => void): () => void;
  /** Runs `task` once after `delayMs` unless the returned function is called before. */
  after(delayMs: number, task: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A name no other call anywhere returns. */
  uniqueId(): string;
}

export interface HttpRequest {
  readonly method: "HEAD" | "GET";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** One response, redirects not followed. The body must be read to its end or discarded. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

export interface Http {
  /** @throws RetryableError when no response came: connection refused or reset, time-out, name not found. */
  request(request: HttpRequest): Promise<HttpResponse>;
}

/** A store of items under one string key, whose every write is conditional. DynamoDB's UpdateItem, in other words. */
export interface Items {
  /** Applies the write if its condition holds, atomically, and says which item it met or made. */
  write(write: Write): Promise<WriteResult>;
  /** Strongly consistent. */
  read(key: string): Promise<Item | undefined>;
  /** Strongly consistent; keys that have no item are missing from the answer. */
  readMany(keys: readonly string[]): Promise<ReadonlyMap<string, Item>>;
  /** Keys in a shard of the watch index whose `watch_at` lies before `beforeMs`, oldest first; eventually consistent. */
  watched(shard: number, beforeMs: number, limit: number): Promise<readonly string[]>;
}

interface FailedPage {
  readonly items: readonly Item[];
  /** Items of any kind that were looked at, and what that cost. */
  readonly scanned: number;
  readonly readUnits: number;
  /** Opaque; absent when the table is at its end. */
  readonly next?: string;
}

/** Looks through the whole table, page by page: for operators, who do so now and then. Eventually consistent. */
export interface FailedJobs {
  page(from: string | undefined): Promise<FailedPage>;
}

export interface StagedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly bytes: number;
}

export interface StagedUpload {
  readonly key: string;
  readonly uploadId: string;
}

export interface StagingLitter {
  readonly key: string;
  /** Present when it is an unfinished multipart upload. */
  readonly uploadId?: string;
  readonly createdMs: number;
}

interface LitterPage {
  readonly found: readonly StagingLitter[];
  /** Opaque; absent when the listing is at its end. */
  readonly next?: string;
}

/** The bucket that bodies stream to before anything is known about them. */
export interface Staging {
  put(key: string, body: Uint8Array, contentType: string): Promise<{ etag: string }>;
  createUpload(key: string, contentType: string): Promise<StagedUpload>;
  /** @throws UploadGoneError when the upload was aborted or completed by somebody else. */
  uploadPart(upload: StagedUpload, partNumber: number, body: Uint8Array): Promise<{ etag: string }>;
  /** Ascending; undefined when the upload is gone. */
  listParts(upload: StagedUpload): Promise<readonly StagedPart[] | undefined>;
  /** @throws UploadGoneError when the upload is gone or its parts are not these. */
  completeUpload(upload: StagedUpload, parts: readonly StagedPart[]): Promise<{ etag: string }>;
  /** Nothing to abort is a success. */
  abortUpload(upload: StagedUpload): Promise<void>;
  head(key: string): Promise<{ bytes: number; etag: string } | undefined>;
  /** Nothing to delete is a success. */
  delete(key: string): Promise<void>;
  /** Objects and unfinished uploads, at most about `limit`, going on from `from`. */
  litter(from: string | undefined, limit: number): Promise<LitterPage>;
}

export interface StagedObject {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly contentType: string;
}

export type Published = "created" | "exists";

/** The bucket of content-addressed objects: what is there is never written again. */
export interface Content {
  /**
   * Copies a staged object to its content address unless something is there already.
   * @throws StagedObjectGoneError when the staged object is no longer what was staged.
   */
  publish(staged: StagedObject, key: string): Promise<Published>;
  head(key: string): Promise<{ bytes: number } | undefined>;
}

export interface OutgoingMessage {
  readonly body: string;
  /** The tenant of a fair queue: the origin's host. */
  readonly group: string;
}

export interface Queue {
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Sends a message that no retry can help to the dead-letter queue, with the reason as an attribute. */
  sendToDeadLetters(body: string, reason: string): Promise<void>;
  /** The message stays invisible (or returns) after `delayMs` from now. SQS rounds to seconds and caps at 12 hours. */
  hideFor(receiptHandle: string, delayMs: number): Promise<void>;
}

/** Takes what no retry can help, with the reason as an attribute. */
export type DeadLetters = Pick<Queue, "sendToDeadLetters">;

interface PublishedAnnouncements {
  /** How many the bus has taken, counted up to the first that it refused. */
  readonly taken: number;
  /** Why it refused that one; undefined when it took them all. */
  readonly refusal?: string;
}

/** Where those listen who want to know what was stored. */
export interface AnnouncementBus {
  /** @throws when the bus did not answer: it may have taken any of them. */
  publish(announcements: readonly Announcement[]): Promise<PublishedAnnouncements>;
}

/** Where job records go that DynamoDB has removed: objects of text, one JSON record a line. */
export interface Archive {
  /** The same key always comes with the same text. */
  put(key: string, text: string): Promise<void>;
}

export interface DeadLetter {
  /** The same each time it is received. */
  readonly id: string;
  readonly body: string;
  readonly reason?: string;
  readonly receiptHandle: string;
}

/** The dead-letter queue, as who empties it sees it. */
export interface DeadLetterQueue {
  /** At most ten, hidden for some minutes; none when none is visible. */
  receive(): Promise<readonly DeadLetter[]>;
  delete(letters: readonly DeadLetter[]): Promise<void>;
  /** Shown again at once. */
  giveBack(letters: readonly DeadLetter[]): Promise<void>;
}

/** A running SHA-256 whose state can be saved and taken up again elsewhere. */
export interface RunningSha256 {
  update(bytes: Uint8Array): void;
  /** The state after everything so far, base64. */
  save(): string;
  /** Hex; ends the hash. */
  digest(): string;
}

export interface Sha256 {
  create(): Promise<RunningSha256>;
  /** @returns undefined when the state was saved by an incompatible version: the caller starts over. */
  restore(state: string): Promise<RunningSha256 | undefined>;
}

type LogLevel = "info" | "warn" | "error";

/** Never awaited, never throws: what it loses, it loses alone. */
export interface Telemetry {
  emit(event: TelemetryEvent): void;
  /** An operational line for people: what happened, where, what to do next. */
  log(level: LogLevel, message: string, fields: Readonly<Record<string, string | number | boolean>>): void;
  /** Writes out what is batched; called at the end of an invocation. */
  flush(): void;
}
