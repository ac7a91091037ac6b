import type { Published } from "../model/record.ts";

/** What is kept of a file beside its bytes. */
export interface ContentFacts {
  readonly contentType: string;
  /** The coding that the bytes still have; undefined if they have none. */
  readonly contentEncoding?: string | undefined;
  /** At most 2 KB of ASCII. Names are in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface StagedObject extends ContentFacts {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
}

/** The bucket of content-addressed objects. An existing object is never overwritten. */
export interface Content {
  /**
   * Copies a staged object to its content address unless an object is there already.
   * @throws StagedObjectGoneError when the staged object is missing or has changed; the signal's reason when it is
   * aborted: the object may have been created nevertheless.
   */
  publish(staged: StagedObject, key: string, signal: AbortSignal): Promise<Published>;
  head(key: string): Promise<{ bytes: number } | undefined>;
}

/** Content that takes small bodies without staging. */
export interface DirectContent {
  /** Puts a whole body at its content address unless an object is there already. @returns what is there then. */
  put(
    key: string,
    body: Uint8Array,
    facts: ContentFacts,
  ): Promise<{ readonly outcome: Published; readonly bytes: number; readonly etag: string }>;
}
