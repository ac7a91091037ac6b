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
