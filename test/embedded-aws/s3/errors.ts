const STATUS = {
  AccessDenied: 403,
  BadDigest: 400,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedPolicy: 400,
  MalformedXML: 400,
  NoSuchBucket: 404,
  NoSuchBucketPolicy: 404,
  NoSuchKey: 404,
  NoSuchLifecycleConfiguration: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
} as const;

export type S3ErrorCode = keyof typeof STATUS;

/** S3's answer to a request that it refuses. */
export class S3Error extends Error {
  readonly code: S3ErrorCode;

  constructor(code: S3ErrorCode, message: string) {
    super(message);
    this.name = "S3Error";
    this.code = code;
  }

  get status(): number {
    return STATUS[this.code];
  }
}

export function notImplemented(what: string): S3Error {
  return new S3Error(
    "NotImplemented",
    `The embedded S3 does not support ${what}. Add it in test/embedded-aws/s3/, or set AWS_ENDPOINT_URL to a complete S3.`,
  );
}

export function noSuchKey(bucket: string, key: string): S3Error {
  return new S3Error("NoSuchKey", `Bucket ${bucket} has no object with the key ${key}.`);
}
