import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { notImplemented, S3Error } from "./errors.ts";

interface Route {
  /** Method, and what the path names. */
  readonly to: `${"GET" | "HEAD" | "PUT" | "POST" | "DELETE"} ${"service" | "bucket" | "object"}`;
  /** Query parameters that a request for this operation must have. */
  readonly needs?: readonly string[];
  /** Query parameters that it may also have. */
  readonly takes?: readonly string[];
  readonly copies?: true;
  /** Its action in bucket policies. */
  readonly action: string;
}

const ROUTES = {
  ListBuckets: { to: "GET service", action: "s3:ListAllMyBuckets" },
  CreateBucket: { to: "PUT bucket", action: "s3:CreateBucket" },
  HeadBucket: { to: "HEAD bucket", action: "s3:ListBucket" },
  PutBucketPolicy: { to: "PUT bucket", needs: ["policy"], action: "s3:PutBucketPolicy" },
  GetBucketPolicy: { to: "GET bucket", needs: ["policy"], action: "s3:GetBucketPolicy" },
  PutBucketLifecycleConfiguration: { to: "PUT bucket", needs: ["lifecycle"], action: "s3:PutLifecycleConfiguration" },
  GetBucketLifecycleConfiguration: { to: "GET bucket", needs: ["lifecycle"], action: "s3:GetLifecycleConfiguration" },
  ListObjectsV2: {
    to: "GET bucket",
    needs: ["list-type"],
    takes: ["prefix", "delimiter", "start-after", "continuation-token", "max-keys", "encoding-type", "fetch-owner"],
    action: "s3:ListBucket",
  },
  ListMultipartUploads: {
    to: "GET bucket",
    needs: ["uploads"],
    takes: ["prefix", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"],
    action: "s3:ListBucketMultipartUploads",
  },
  DeleteObjects: { to: "POST bucket", needs: ["delete"], action: "s3:DeleteObject" },
  PutObject: { to: "PUT object", action: "s3:PutObject" },
  CopyObject: { to: "PUT object", copies: true, action: "s3:PutObject" },
  GetObject: { to: "GET object", takes: ["response-content-disposition"], action: "s3:GetObject" },
  HeadObject: { to: "HEAD object", action: "s3:GetObject" },
  DeleteObject: { to: "DELETE object", action: "s3:DeleteObject" },
  CreateMultipartUpload: { to: "POST object", needs: ["uploads"], action: "s3:PutObject" },
  UploadPart: { to: "PUT object", needs: ["partNumber", "uploadId"], action: "s3:PutObject" },
  UploadPartCopy: { to: "PUT object", needs: ["partNumber", "uploadId"], copies: true, action: "s3:PutObject" },
  CompleteMultipartUpload: { to: "POST object", needs: ["uploadId"], action: "s3:PutObject" },
  AbortMultipartUpload: { to: "DELETE object", needs: ["uploadId"], action: "s3:AbortMultipartUpload" },
  ListParts: {
    to: "GET object",
    needs: ["uploadId"],
    takes: ["max-parts", "part-number-marker"],
    action: "s3:ListMultipartUploadParts",
  },
} as const satisfies Record<string, Route>;

export type S3Operation = keyof typeof ROUTES;

/** Headers that would change the result and are not implemented here. */
const UNSUPPORTED_HEADERS = [
  "x-amz-tagging",
  "x-amz-object-lock-mode",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-website-redirect-location",
  "x-amz-write-offset-bytes",
  "x-amz-copy-source-if-none-match",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-unmodified-since",
  "if-modified-since",
  "if-unmodified-since",
];

export interface S3Target {
  readonly bucket: string;
  readonly key: string;
}

export interface S3Request extends S3Target {
  readonly operation: S3Operation;
  readonly action: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly incoming: IncomingMessage;
}

export function targetOf(incoming: IncomingMessage): S3Target {
  const path = (incoming.url ?? "/").split("?", 1)[0] ?? "/";
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { bucket: decodeUri(bucket), key: decodeUri(key) };
}

function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error("InvalidURI", `"${text}" is not percent-encoded UTF-8.`);
  }
}

export function parseRequest(incoming: IncomingMessage): S3Request {
  const target = targetOf(incoming);
  const query = new URLSearchParams((incoming.url ?? "").split("?").slice(1).join("?"));
  const headers = incoming.headers;
  const operation = operationOf(incoming, target, query);
  const unsupported = UNSUPPORTED_HEADERS.find((name) => headers[name] !== undefined);
  if (unsupported !== undefined) throw notImplemented(`${operation} with the header ${unsupported}`);
  return { ...target, operation, action: ROUTES[operation].action, query, headers, incoming };
}

/** In an address that is signed, what is a header otherwise. Nobody checks it here, as with the header. */
const SIGNATURE = /^x-(amz-.*|id)$/i;

function operationOf(incoming: IncomingMessage, { bucket, key }: S3Target, query: URLSearchParams): S3Operation {
  const on = key !== "" ? "object" : bucket !== "" ? "bucket" : "service";
  const copies = incoming.headers["x-amz-copy-source"] !== undefined;
  const asked = [...query.keys()].filter((name) => !SIGNATURE.test(name));
  const routes = Object.entries<Route>(ROUTES) as [S3Operation, Route][];
  const found = routes.find(([, { to, needs = [], takes = [], copies: isCopy = false }]) => {
    const knows = new Set<string>([...needs, ...takes]);
    return (
      to === `${incoming.method} ${on}` &&
      isCopy === copies &&
      needs.every((name) => asked.includes(name)) &&
      asked.every((name) => knows.has(name))
    );
  });
  if (found) return found[0];
  const parameters = asked.length === 0 ? "" : ` with the query parameters ${asked.join(", ")}`;
  throw notImplemented(`${incoming.method} on ${on === "object" ? "an object" : `a ${on}`}${parameters}`);
}

export function headerOf(request: S3Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

/**
 * @returns the query parameter, at most `most`; `otherwise` if it is absent.
 * @throws S3Error InvalidArgument if it is not a whole number of at least `least`.
 */
export function wholeNumber(request: S3Request, name: string, least: number, most: number, otherwise: number): number {
  const text = request.query.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < least) {
    throw new S3Error("InvalidArgument", `${name} must be a whole number from ${least} to ${most}, not "${text}".`);
  }
  return Math.min(value, most);
}

/** Bytes of an object, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The source of a copy. The header is a percent-encoded `/bucket/key`. */
export function copySourceOf(request: S3Request): S3Target {
  const header = headerOf(request, "x-amz-copy-source") ?? "";
  if (header.includes("?versionId=")) throw notImplemented("copies of a version");
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decodeUri(header)) ?? [];
  if (bucket === undefined || key === undefined) {
    throw new S3Error("InvalidArgument", `The copy source "${header}" does not have the form bucket/key.`);
  }
  return { bucket, key };
}
