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
  /** Present if this is an unfinished multipart upload. */
  readonly uploadId?: string;
  readonly createdMs: number;
}

interface LitterPage {
  readonly found: readonly StagingLitter[];
  /** Opaque cursor of the next page; absent at the end of the listing. */
  readonly next?: string;
}

/** The bucket to which bodies are streamed before their hash is known. */
export interface Staging {
  put(key: string, body: Uint8Array, contentType: string): Promise<{ etag: string }>;
  createUpload(key: string, contentType: string): Promise<StagedUpload>;
  /** @throws UploadGoneError when another attempt has aborted or completed the upload. */
  uploadPart(upload: StagedUpload, partNumber: number, body: Uint8Array): Promise<{ etag: string }>;
  /**
   * Sends a part of `bytes` bytes while its pieces come. Each is valid until the next one is asked for, and none is
   * asked for when it has settled. A failed part cannot be sent again by itself: its pieces are gone. Absent: parts are
   * of one size, and an upload may have any number of them.
   * @throws what a piece was refused with. When another attempt has aborted or completed the upload, UploadGoneError,
   * or what broke the connection: S3 may answer while pieces are still on their way.
   */
  readonly streamPart?: (
    upload: StagedUpload,
    partNumber: number,
    pieces: AsyncIterable<Uint8Array>,
    bytes: number,
  ) => Promise<{ etag: string }>;
  /** Ascending by part number; undefined when the upload is gone. */
  listParts(upload: StagedUpload): Promise<readonly StagedPart[] | undefined>;
  /** @throws UploadGoneError when the upload is gone or has other parts. */
  completeUpload(upload: StagedUpload, parts: readonly StagedPart[]): Promise<{ etag: string }>;
  /** Succeeds if there is nothing to abort. */
  abortUpload(upload: StagedUpload): Promise<void>;
  head(key: string): Promise<{ bytes: number; etag: string } | undefined>;
  /** Succeeds if there is nothing to delete. */
  delete(key: string): Promise<void>;
  /** Objects and unfinished uploads, about `limit` at most, from the cursor `from` on. */
  litter(from: string | undefined, limit: number): Promise<LitterPage>;
}
