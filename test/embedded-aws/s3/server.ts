/** An S3 over HTTP on the loopback interface. Objects are plain files. Reasons: docs/adr/0201-embedded-s3.md. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { hasCode } from "../../../local/shared/errno.ts";
import { type EmbeddedService, KEEP_ALIVE_MS, listen } from "../../../local/shared/loopback.ts";
import { bucketOperations } from "./bucket-operations.ts";
import { BucketStore } from "./buckets.ts";
import { Workshop } from "./disk.ts";
import { S3Error } from "./errors.ts";
import { UploadStore } from "./multipart.ts";
import { objectOperations } from "./object-operations.ts";
import { ObjectStore } from "./objects.ts";
import { enforcePolicy } from "./policy.ts";
import { xmlReply, type Handlers, type Reply, type Stores } from "./reply.ts";
import { parseRequest, targetOf, type S3Operation, type S3Target } from "./request.ts";
import { uploadOperations } from "./upload-operations.ts";

export interface S3RequestSeen extends S3Target {
  /** S3's name of the operation, or "Unknown". */
  readonly operation: S3Operation | "Unknown";
  /** 499 if the client disconnected before the answer. */
  readonly status: number;
}

export interface EmbeddedS3Options {
  /** Folder of all state. Only one server at a time may use it. */
  readonly stateDir: string;
  /** Folders for the objects of single buckets, by bucket name. Must be on the same file system as the state. */
  readonly bucketDirs?: Readonly<Record<string, string>>;
  readonly onRequest?: (request: S3RequestSeen) => void;
  /** Bytes of PutObject and UploadPart bodies, as they arrive. */
  readonly onBytes?: (progress: { bucket: string; key: string; bytes: number }) => void;
}

const HANDLERS: Handlers = { ...bucketOperations, ...objectOperations, ...uploadOperations };
const CLIENT_WENT_AWAY = 499;

/** Once it has stopped, everything that was answered is on disk. */
export async function startEmbeddedS3(options: EmbeddedS3Options): Promise<EmbeddedService> {
  const stores = await openStores(options);
  const onRequest = options.onRequest ?? (() => {});
  const running = new Set<Promise<void>>();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (incoming, response) => {
    const task = serve(incoming, response, stores, onRequest).finally(() => running.delete(task));
    running.add(task);
  });
  const { endpoint, stop } = await listen(server);
  return {
    endpoint,
    stop: async () => {
      await stop();
      await Promise.all(running);
    },
  };
}

async function openStores({ stateDir, bucketDirs = {}, onBytes = () => {} }: EmbeddedS3Options): Promise<Stores> {
  await mkdir(stateDir, { recursive: true });
  const workshop = new Workshop(join(stateDir, "tmp"));
  await workshop.clear();
  const buckets = new BucketStore(stateDir, workshop);
  await buckets.load();
  const objects = new ObjectStore(stateDir, bucketDirs, workshop);
  for (const bucket of new Set([...buckets.list().map(({ name }) => name), ...Object.keys(bucketDirs)])) {
    await objects.prepareFolder(bucket);
  }
  const uploads = new UploadStore(stateDir, workshop, objects);
  await uploads.recover();
  return { buckets, objects, uploads, workshop, onBytes };
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  stores: Stores,
  onRequest: (request: S3RequestSeen) => void,
): Promise<void> {
  const seen: { operation: S3Operation | "Unknown" } & S3Target = { operation: "Unknown", bucket: "", key: "" };
  let reply: Reply;
  try {
    Object.assign(seen, targetOf(incoming));
    const request = parseRequest(incoming);
    seen.operation = request.operation;
    checkAccess(request, stores);
    reply = await HANDLERS[request.operation](request, stores);
  } catch (error) {
    if (isDisconnect(error, incoming)) {
      onRequest({ ...seen, status: CLIENT_WENT_AWAY });
      response.destroy();
      return;
    }
    reply = errorReply(error, seen);
  }
  onRequest({ ...seen, status: reply.status });
  incoming.resume();
  await send(reply, incoming, response);
}

function checkAccess(request: ReturnType<typeof parseRequest>, { buckets }: Stores): void {
  if (request.operation === "ListBuckets" || request.operation === "CreateBucket") return;
  const { enforced } = buckets.get(request.bucket);
  if (enforced !== undefined) enforcePolicy(enforced, request);
}

function errorReply(error: unknown, { bucket, key }: S3Target): Reply {
  const known = error instanceof S3Error ? error : unexpected(error);
  return xmlReply("Error", { Code: known.code, Message: known.message, BucketName: bucket, Key: key }, known.status);
}

function unexpected(error: unknown): S3Error {
  const code = hasCode(error, "ENAMETOOLONG") ? "KeyTooLongError" : "InternalError";
  return new S3Error(code, `The embedded S3 failed: ${error instanceof Error ? error.message : String(error)}`);
}

function isDisconnect(error: unknown, incoming: IncomingMessage): boolean {
  return !(error instanceof S3Error) && incoming.destroyed && !incoming.complete;
}

async function send(
  { status, headers, body }: Reply,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(status, headers);
  if (body === undefined || incoming.method === "HEAD") {
    response.end();
  } else if (typeof body === "string") {
    response.end(body);
  } else if (body.end < body.start) {
    await body.file.close();
    response.end();
  } else {
    const { file, start, end } = body;
    // The client may stop reading at any time; that is not an error of the server.
    await pipeline(file.createReadStream({ start, end, highWaterMark: 256 * 1024 }), response).catch(() => {});
  }
}
