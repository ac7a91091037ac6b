/** What the suites of the ports need of an implementation. */
import type { Content } from "../../../../core/ports/content.ts";
import type { Items } from "../../../../core/ports/items.ts";
import type { Queue } from "../../../../core/ports/queue.ts";
import type { Staging } from "../../../../core/ports/staging.ts";

export interface ItemsBackend extends AsyncDisposable {
  readonly items: Items;
}

export interface StoredObject {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  /** S3 keeps them; files do not. */
  readonly contentEncoding?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Two empty buckets: their ports, and functions that read them without the ports. */
export interface Buckets {
  readonly staging: Staging;
  readonly content: Content;
  readonly readStaged: (key: string) => Promise<StoredObject | undefined>;
  readonly readContent: (key: string) => Promise<StoredObject | undefined>;
  /** The number of unfinished uploads into the content bucket. */
  readonly contentUploads: () => Promise<number>;
}

export interface BlobsBackend extends AsyncDisposable {
  /** The size of a part that is not the last, in bytes. S3 takes larger ones too. */
  readonly partBytes: number;
  /** S3 stores an object under its type, and takes several uploads under one key. */
  readonly isS3: boolean;
  readonly emptyBuckets: () => Promise<Buckets>;
}

export interface Received {
  readonly body: string;
  readonly receipt: string;
  readonly receives: number;
}

interface DeadLetter {
  readonly body: string;
  readonly reason: string | undefined;
}

/** A queue with its dead-letter queue: the port, and functions that use both without the port. */
export interface QueueUnderTest extends AsyncDisposable {
  readonly queue: Queue;
  receive(): Promise<readonly Received[]>;
  delete(receipt: string): Promise<void>;
  deadLetters(): Promise<readonly DeadLetter[]>;
  /** Lets time pass: virtual time for the simulated queue, real time for SQS. */
  wait(seconds: number): Promise<void>;
}

export const VISIBILITY_S = 2;
export const MAX_RECEIVES = 2;
