/** Types of `import { get } from "fetchonce"`. Entries have the names of JSON lists, results those of results.jsonl. */

/** A file to fetch: its URL, or what a line of a JSON list holds. */
export type Entry = string | URL | EntryFields;

export interface EntryFields {
  readonly url: string | URL;
  /** What the file's digest must be: 64 hexadecimal digits. Another body fails. */
  readonly sha256?: string | undefined;
  /** What the file must be: other digests (hexadecimal digits) and its size. Another body fails. */
  readonly sha512?: string | undefined;
  readonly md5?: string | undefined;
  readonly bytes?: number | undefined;
  /** What it must be like: a media type or `type/*`, and its size in bytes. */
  readonly expect?: { readonly type?: string; readonly least_bytes?: number; readonly most_bytes?: number } | undefined;
  /** Further request headers. No secrets. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The name of a secret: see `secrets`. */
  readonly auth?: string | undefined;
  /** Other URLs of the same file, tried in this order. At most 8. */
  readonly mirrors?: readonly string[] | undefined;
  /** Names the file in the place of its URL, for URLs with a signature that changes. */
  readonly identity?: string | undefined;
  /** Names a new look at a file that an earlier call fetched: a date, for example. */
  readonly refresh?: string | undefined;
  /** Default: made from the URL. */
  readonly work_id?: string | undefined;
  readonly artifact_id?: string | undefined;
  /** Of your own: anything that JSON can hold. It comes back in the result. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface GetOptions {
  /** Directory for everything. It holds what the next call needs to go on. */
  readonly out: string;
  /** Downloads that make progress at a time, 1 to 1024. Default: 32. */
  readonly jobs?: number | undefined;
  /** Worker processes, 1 to 64. Default: one for each core, four at most. */
  readonly workers?: number | undefined;
  /** Attempts without progress after which a URL fails, 1 to 100. Default: 8. */
  readonly attempts?: number | undefined;
  /** Names below OUT/files: made from the URL, from the metadata of that name, or none. Default: "url". */
  readonly names?: "url" | "none" | `column:${string}` | undefined;
  /** Also fetch from private and loopback addresses. */
  readonly allowPrivateHosts?: boolean | undefined;
  /** JSON file of the secrets that entries name with `auth`. */
  readonly secrets?: string | undefined;
  /** Try again what failed in an earlier call. */
  readonly retryFailed?: boolean | undefined;
  /** Compare what earlier calls stored with its SHA-256, and fetch again what is damaged. */
  readonly verify?: boolean | undefined;
  /** Fetch everything again. */
  readonly refresh?: boolean | undefined;
  /** Stops the work. What has been fetched stays, and the next call goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each entry once its end lasts, also if an earlier call stored the file. */
  readonly onResult?: ((result: Result) => void) | undefined;
  /** Called for each entry that is not valid. It is skipped. Without this function, it stops the call. */
  readonly onInvalid?: ((problem: InvalidEntry) => void) | undefined;
}

/** How an entry ended. */
export interface Result {
  readonly url: string;
  /** FAILED, or how the file was stored: INDEXED; DEDUPED if another job had stored the same content. */
  readonly state: string;
  /** Absolute path of the file, under its readable name if it has one. Null: FAILED. */
  readonly file: string | null;
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly content_type: string | null;
  /** The file's name below OUT/files. */
  readonly path: string | null;
  /** The file's content address below OUT/content. */
  readonly key: string | null;
  /** Why it FAILED, as a short code: `http_404`, for example. */
  readonly reason: string | null;
  /** origin: it said no; policy: we refuse; system: our own fault. */
  readonly failure_class: string | null;
  /** The URL that answered, after all redirects. */
  readonly final_url: string | null;
  /** The name that the origin gives the file, or else the URL's. */
  readonly file_name: string | null;
  readonly etag: string | null;
  readonly last_modified: string | null;
  /** The coding that the stored bytes have, and the one that was taken away. */
  readonly content_encoding: string | null;
  readonly decoded_from: string | null;
  /** The headers whose digests were compared. */
  readonly digest_source: string | null;
  /** Of a refreshed entry: the job before it, and whether the origin has nothing newer. */
  readonly previous_job: string | null;
  readonly unchanged: boolean | null;
  readonly attempts: number | null;
  readonly job_id: string;
  readonly work_id: string;
  readonly artifact_id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Entries by how they ended. */
export interface Summary {
  readonly stored: number;
  readonly failed: number;
  readonly invalid: number;
}

export interface InvalidEntry {
  /** Of the entry, from 0. */
  readonly index: number;
  readonly field?: string;
  /** What is wrong, and what to write. */
  readonly reason: string;
}

/**
 * - `invalid_entry`: nothing was fetched.
 * - `folder_in_use`: another run works in the directory.
 * - `other_release`: another release of fetchonce wrote the directory.
 * - `machine`: this machine stopped the work, for example because its disk is full. The next call goes on.
 */
export type GetErrorCode = "invalid_entry" | "folder_in_use" | "other_release" | "machine";

/** Why a call did not fetch everything. Files that could not be fetched are no errors, but results that say FAILED. */
export class GetError extends Error {
  override readonly name = "GetError";
  readonly code: GetErrorCode;

  constructor(code: GetErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
