export interface StagedObject {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly contentType: string;
  /** The coding that the bytes still have; undefined if they have none. */
  readonly contentEncoding?: string | undefined;
  /** At most 2 KB of ASCII. Names are in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export type Published = "created" | "exists";

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
