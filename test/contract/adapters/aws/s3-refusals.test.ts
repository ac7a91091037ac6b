/** Answers that the real S3 gives and the embedded S3 never does, from a server that gives chosen answers. */
import { S3Client } from "@aws-sdk/client-s3";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { s3Content } from "../../../../adapters/aws/s3/content.ts";
import { s3Staging } from "../../../../adapters/aws/s3/staging.ts";
import {
  LeaseLostError,
  OutOfTimeError,
  RetryableError,
  StagedObjectGoneError,
  UploadGoneError,
  asJobError,
} from "../../../../core/model/errors.ts";
import type { Content, DirectContent } from "../../../../core/ports/content.ts";
import type { Staging } from "../../../../core/ports/staging.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly xml?: string;
}

const OK: Answer = { status: 200 };
/** Makes the server keep silent. */
const SILENCE: Answer = { status: 0 };
const NOT_FOUND: Answer = { status: 404, code: "NotFound" };
const NO_SUCH_UPLOAD: Answer = { status: 404, code: "NoSuchUpload" };
const PRECONDITION_FAILED: Answer = { status: 412, code: "PreconditionFailed" };
const CONFLICT: Answer = { status: 409, code: "ConditionalRequestConflict" };
const OUTAGE: Answer = { status: 503, code: "ServiceUnavailable" };
const DENIED: Answer = { status: 403, code: "AccessDenied" };
const there = (bytes: number): Answer => ({ status: 200, headers: { "content-length": String(bytes), etag: '"e"' } });
const CREATED_UPLOAD: Answer = {
  status: 200,
  xml: "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
};
const COPIED_PART: Answer = { status: 200, xml: "<CopyPartResult><ETag>&quot;p&quot;</ETag></CopyPartResult>" };

type Operation = "HEAD" | "PUT" | "CREATE" | "PART" | "COMPLETE" | "ABORT" | "DELETE" | "LIST";

function operationOf({ method, url = "" }: IncomingMessage): Operation {
  if (method === "HEAD") return "HEAD";
  if (method === "GET") return "LIST";
  if (url.includes("uploads")) return "CREATE";
  const isOfUpload = url.includes("uploadId");
  if (method === "PUT") return isOfUpload ? "PART" : "PUT";
  if (method === "DELETE") return isOfUpload ? "ABORT" : "DELETE";
  return "COMPLETE";
}

let server: Server;
let client: S3Client;
let staging: Staging;
let content: Content & DirectContent;
let answers: Partial<Record<Operation, Answer>> = {};
let asked: Operation[] = [];

beforeEach(async () => {
  answers = {};
  asked = [];
  server = createServer((request, response) => {
    const operation = operationOf(request);
    asked.push(operation);
    const {
      status,
      code,
      headers = {},
      xml = "<Result/>",
    } = answers[operation] ?? (operation === "PART" ? COPIED_PART : OK);
    request.resume().on("end", () => {
      if (status === SILENCE.status) return;
      response.writeHead(status, headers);
      response.end(
        code === undefined ? xml : `<Error><Code>${code}</Code><Message>chosen by the test</Message></Error>`,
      );
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  client = new S3Client({
    endpoint: loopbackEndpoint(server),
    region: "us-east-1",
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  staging = s3Staging(client, "staging");
  content = s3Content(client, {
    staging: "staging",
    content: "content",
    largestSingleCopyBytes: 10,
    copyPartBytes: 10,
  });
});
afterEach(async () => {
  client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

const unstopped = () => new AbortController().signal;

const thrownBy = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => new Error("Nothing was thrown."),
    (error: unknown) => error,
  );

describe("completing a staging upload", () => {
  const upload = { key: "staging/job/1", uploadId: "u" };
  const parts = [
    { partNumber: 1, bytes: 4, etag: '"1"' },
    { partNumber: 2, bytes: 3, etag: '"2"' },
  ];

  it.each([
    ["NoSuchUpload", NO_SUCH_UPLOAD],
    ["an outage", OUTAGE],
  ])("succeeds despite an answer of %s if the complete object exists", async (_answer, complete) => {
    answers = { COMPLETE: complete, HEAD: there(7) };
    expect(await staging.completeUpload(upload, parts)).toEqual({ etag: '"e"' });
  });

  it.each([
    ["no object", NOT_FOUND],
    ["an object of another size", there(8)],
  ])("throws UploadGoneError if the upload is missing and the key has %s", async (_object, head) => {
    answers = { COMPLETE: NO_SUCH_UPLOAD, HEAD: head };
    await expect(staging.completeUpload(upload, parts)).rejects.toThrow(UploadGoneError);
  });

  it("passes an outage on as a retryable error of the class system", async () => {
    answers = { COMPLETE: OUTAGE, HEAD: NOT_FOUND };
    const error = await thrownBy(staging.completeUpload(upload, parts));
    expect(error).not.toBeInstanceOf(UploadGoneError);
    expect(asJobError(error)).toMatchObject({ reason: "unexpected:ServiceUnavailable", failureClass: "system" });
  });
});

it("a staging upload is completed with the size of the whole object, so that S3 refuses it if a part is missing", async () => {
  const sizes: unknown[] = [];
  server.prependListener("request", (request: IncomingMessage) => {
    if (operationOf(request) === "COMPLETE") sizes.push(request.headers["x-amz-mp-object-size"]);
  });
  answers = { COMPLETE: { status: 200, xml: "<Result><ETag>&quot;whole&quot;</ETag></Result>" } };
  const parts = [
    { partNumber: 1, bytes: 4, etag: '"1"' },
    { partNumber: 2, bytes: 3, etag: '"2"' },
  ];
  const upload = { key: "staging/job/1", uploadId: "u" };
  expect(await staging.completeUpload(upload, parts)).toEqual({ etag: '"whole"' });
  expect(sizes).toEqual(["7"]);
});

describe("publishing content", () => {
  const whole = { key: "staging/job/1", etag: '"e"', bytes: 7, contentType: "text/plain" };
  const large = { ...whole, bytes: 25 };
  const WAYS = [
    { way: "by one copy", staged: whole, last: "PUT" },
    { way: "by parts", staged: large, last: "COMPLETE" },
  ] as const;

  it.each(WAYS)("reports the object that won after a 409 conflict: $way", async ({ staged, last }) => {
    answers = { CREATE: CREATED_UPLOAD, [last]: CONFLICT, HEAD: there(7) };
    expect(await content.publish(staged, "sha256/k", unstopped())).toBe("exists");
  });

  it.each(WAYS)(
    "throws a RetryableError after a 409 conflict if there is no object: $way",
    async ({ staged, last }) => {
      answers = { CREATE: CREATED_UPLOAD, [last]: CONFLICT, HEAD: NOT_FOUND };
      const error = await thrownBy(content.publish(staged, "sha256/k", unstopped()));
      expect(error).toBeInstanceOf(RetryableError);
      expect(error).toMatchObject({ reason: "content_conflict", failureClass: "system" });
    },
  );

  it.each(WAYS)("throws StagedObjectGoneError after a 412 if there is no object: $way", async ({ staged, last }) => {
    answers = { CREATE: CREATED_UPLOAD, [last]: PRECONDITION_FAILED, HEAD: NOT_FOUND };
    await expect(content.publish(staged, "sha256/k", unstopped())).rejects.toThrow(StagedObjectGoneError);
  });

  it.each(WAYS)("passes every other refusal on: $way", async ({ staged, last }) => {
    answers = { CREATE: CREATED_UPLOAD, [last]: DENIED };
    expect(await thrownBy(content.publish(staged, "sha256/k", unstopped()))).toMatchObject({ name: "AccessDenied" });
    expect(asked).not.toContain("HEAD");
  });

  it.each([
    { way: "by one copy", staged: whole, during: "PUT", why: new OutOfTimeError() },
    { way: "by parts, which creates its upload", staged: large, during: "CREATE", why: new OutOfTimeError() },
    { way: "by parts, which copies a part", staged: large, during: "PART", why: new LeaseLostError() },
    { way: "by parts, which completes its upload", staged: large, during: "COMPLETE", why: new OutOfTimeError() },
  ] as const)("stops with the signal's reason when it is aborted: $way", async ({ staged, during, why }) => {
    answers = { CREATE: CREATED_UPLOAD, [during]: SILENCE };
    const stop = new AbortController();
    server.on("request", (request) => {
      if (operationOf(request) === during) stop.abort(why);
    });
    expect(await thrownBy(content.publish(staged, "sha256/k", stop.signal))).toBe(why);
    expect(asked).not.toContain("HEAD");
  });

  it("aborts its upload if a part cannot be copied, and throws the part's error even if the abort fails", async () => {
    answers = { CREATE: CREATED_UPLOAD, PART: DENIED, ABORT: OUTAGE };
    expect(await thrownBy(content.publish(large, "sha256/k", unstopped()))).toMatchObject({ name: "AccessDenied" });
    expect(asked.filter((operation) => operation !== "PART")).toEqual(["LIST", "CREATE", "ABORT"]);
  });

  it.each([
    ["a part cannot be copied", { PART: OUTAGE }],
    ["it cannot be completed", { COMPLETE: OUTAGE }],
  ])("keeps its upload for the next attempt if S3 is out of order and %s", async (_what, outage) => {
    answers = { CREATE: CREATED_UPLOAD, ...outage };
    expect(await thrownBy(content.publish(large, "sha256/k", unstopped()))).toMatchObject({
      name: "ServiceUnavailable",
    });
    expect(asked).not.toContain("ABORT");
  });

  it.each([
    ["a part cannot be copied", { PART: NO_SUCH_UPLOAD }],
    ["it cannot be completed", { COMPLETE: NO_SUCH_UPLOAD }],
    ["a part was replaced", { COMPLETE: { status: 400, code: "InvalidPart" } }],
  ])("is tried again if another attempt took the upload away, so that %s", async (_what, refusal) => {
    answers = { CREATE: CREATED_UPLOAD, ...refusal, HEAD: NOT_FOUND };
    const error = await thrownBy(content.publish(large, "sha256/k", unstopped()));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ reason: "content_conflict", failureClass: "system" });
    answers = { ...answers, HEAD: there(25) };
    expect(await content.publish(large, "sha256/k", unstopped())).toBe("exists");
  });

  it("completes a copy in parts with If-None-Match and with the size of the whole object", async () => {
    answers = { CREATE: CREATED_UPLOAD };
    const sent: unknown[] = [];
    server.prependListener("request", (request: IncomingMessage) => {
      if (operationOf(request) !== "COMPLETE") return;
      sent.push([request.headers["if-none-match"], request.headers["x-amz-mp-object-size"]]);
    });
    expect(await content.publish(large, "sha256/k", unstopped())).toBe("created");
    expect(sent).toEqual([["*", "25"]]);
  });

  it("copies every byte once if it copies by parts", async () => {
    answers = { CREATE: CREATED_UPLOAD };
    const ranges: unknown[] = [];
    server.prependListener("request", ({ headers }: IncomingMessage) =>
      ranges.push(headers["x-amz-copy-source-range"] ?? "none"),
    );
    expect(await content.publish(large, "sha256/k", unstopped())).toBe("created");
    const copied = ranges.filter((range) => range !== "none");
    expect(new Set(copied)).toEqual(new Set(["bytes=0-9", "bytes=10-19", "bytes=20-24"]));
    expect(copied).toHaveLength(3);
  });
});

describe("an S3 refusal with 403", () => {
  const upload = { key: "staging/job/1", uploadId: "u" };
  const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
    put: async () => staging.put("k", Buffer.from("x"), "text/plain"),
    createUpload: async () => staging.createUpload("k", "text/plain"),
    uploadPart: async () => staging.uploadPart(upload, 1, Buffer.from("x")),
    listParts: async () => staging.listParts(upload),
    abortUpload: async () => staging.abortUpload(upload),
    "head, staged": async () => staging.head("k"),
    "head, content": async () => content.head("k"),
    delete: async () => staging.delete("k"),
    litter: async () => staging.litter(undefined, 10),
  };

  it.each(Object.entries(CALLS))("is passed on unchanged by %s", async (_call, call) => {
    for (const operation of ["HEAD", "PUT", "CREATE", "PART", "ABORT", "DELETE", "LIST"] as const)
      answers[operation] = DENIED;
    const error = await thrownBy(call());
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 403 } });
    expect(asJobError(error)).toMatchObject({ failureClass: "system" });
  });
});

const page = (numbers: readonly number[], next?: number) =>
  `<ListPartsResult><IsTruncated>${next !== undefined}</IsTruncated>` +
  `<NextPartNumberMarker>${next ?? ""}</NextPartNumberMarker>` +
  numbers.map((n) => `<Part><PartNumber>${n}</PartNumber><ETag>"${n}"</ETag><Size>${n}</Size></Part>`).join("") +
  "</ListPartsResult>";

describe("putting a body at its content address", () => {
  const put = async () => content.put("sha256/ab", Buffer.from("abc"), { contentType: "text/plain" });

  it("creates the object, and asks S3 for nothing else", async () => {
    answers = { PUT: there(0) };
    expect(await put()).toEqual({ outcome: "created", bytes: 3, etag: '"e"' });
    expect(asked).toEqual(["PUT"]);
  });

  it.each([
    ["is there already", PRECONDITION_FAILED],
    ["is being written by somebody else", CONFLICT],
  ])("says what is there if the object %s", async (_what, refusal) => {
    answers = { PUT: refusal, HEAD: there(7) };
    expect(await put()).toEqual({ outcome: "exists", bytes: 7, etag: '"e"' });
  });

  it("is to be tried again if S3 refuses it, but has no object", async () => {
    answers = { PUT: CONFLICT, HEAD: NOT_FOUND };
    const error = await thrownBy(put());
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ reason: "content_conflict", failureClass: "system" });
  });

  it("throws an outage as it is", async () => {
    answers = { PUT: OUTAGE };
    expect(await thrownBy(put())).toMatchObject({ $metadata: { httpStatusCode: 503 } });
  });
});

describe("staging.listParts", () => {
  it("returns the parts of all pages", async () => {
    server.prependListener("request", ({ url = "" }: IncomingMessage) => {
      const isSecond = url.includes("part-number-marker=2");
      answers = { LIST: { status: 200, xml: isSecond ? page([3]) : page([1, 2], 2) } };
    });
    const parts = await staging.listParts({ key: "k", uploadId: "u" });
    expect(parts?.map(({ partNumber }) => partNumber)).toEqual([1, 2, 3]);
  });
});
