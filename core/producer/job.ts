/** What a producer hands over, and what it needs of the queue. All that `import { Producer }` names, and no import. */

/** A file to fetch. docs/messages.md describes each field. */
export interface Job {
  /** An http or https URL. */
  readonly url: string;
  /** Your name for the work. Default: the URL's host. */
  readonly work_id?: string | undefined;
  /** Your name for the file. Default: made from the URL. */
  readonly artifact_id?: string | undefined;
  /** What the file's digests must be, in hexadecimal digits, and its size. Another file fails. */
  readonly sha256?: string | undefined;
  readonly sha512?: string | undefined;
  readonly md5?: string | undefined;
  readonly bytes?: number | undefined;
  /** What it must be like: a media type or `type/*`, and its size in bytes. */
  readonly expect?:
    | {
        readonly type?: string | undefined;
        readonly least_bytes?: number | undefined;
        readonly most_bytes?: number | undefined;
      }
    | undefined;
  /** Further request headers. No secrets. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The name of a secret. */
  readonly auth?: string | undefined;
  /** Other URLs of the same file, tried in this order. At most 8. */
  readonly mirrors?: readonly string[] | undefined;
  /** Of your own, up to 1,024 bytes of JSON. It comes back in the announcement. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Names the job in the place of its URL, for URLs with a signature that changes. */
  readonly identity?: string | undefined;
  /** Names a new look at a file that was fetched before: a date, for example. */
  readonly refresh?: string | undefined;
}

/** An entry of SendMessageBatch. */
export interface BatchEntry {
  Id: string;
  MessageBody: string;
  MessageGroupId: string;
}

/** What SendMessageBatch answers. An entry that is in neither list counts as failed. */
export interface BatchAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined;
  readonly Failed?:
    | readonly {
        readonly Id?: string | undefined;
        readonly Code?: string | undefined;
        readonly Message?: string | undefined;
        readonly SenderFault?: boolean | undefined;
      }[]
    | undefined;
}

/** Sends up to 10 entries in one request: SendMessageBatch of the AWS SDK. */
export type SendBatch = (entries: BatchEntry[]) => Promise<BatchAnswer>;

/** A job that the queue has not taken. */
export interface RefusedJob {
  readonly job: Job;
  readonly job_id: string;
  /** As the queue, or the SDK, names it: `AccessDenied`, for example. */
  readonly code: string;
  readonly message: string;
}
