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
