import { once } from "node:events";
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { representationOf, type Representation, type Version } from "./content.ts";
import { originPath, type OriginFile } from "./file.ts";

/** A request as the origin saw it. `status` is 0 until the answer begins; `bytes` grows while the body is sent. */
export interface OriginRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly range?: string;
  readonly ifRange?: string;
  status: number;
  /** Bytes of the body passed to the connection so far. */
  bytes: number;
}

/** Number of earlier requests for a file, by method. */
export interface Visits {
  HEAD: number;
  GET: number;
}

interface Exchange {
  readonly file: OriginFile;
  readonly method: "HEAD" | "GET";
  readonly visits: Readonly<Visits>;
  readonly response: ServerResponse;
  readonly log: OriginRequest;
  /** Aborted once the connection is closed. */
  readonly gone: AbortSignal;
}

/** Answers a request for a file, with the faults that the file's options ask for. */
export async function answer(exchange: Exchange): Promise<void> {
  const { file, method, visits } = exchange;
  if (file.delayMs !== undefined) await sleep(file.delayMs, undefined, { signal: exchange.gone });
  if (file.status !== undefined) return refuse(exchange, file.status);
  if (file.redirectTo !== undefined) return refuse(exchange, 302, { location: file.redirectTo });
  if (file.redirects !== undefined && file.redirects > 0) {
    return refuse(exchange, 302, { location: originPath({ ...file, redirects: file.redirects - 1 }) });
  }
  if (stillFails(file, method, visits)) return refuse(exchange, file.failStatus ?? 503, retryAfterOf(file));
  if (method === "HEAD" && file.headStatus !== undefined) return refuse(exchange, file.headStatus);
  return serve(exchange);
}

function stillFails(file: OriginFile, method: "HEAD" | "GET", visits: Readonly<Visits>): boolean {
  if (file.failMethod === undefined) return visits.HEAD + visits.GET < (file.failFirst ?? 0);
  return method === file.failMethod && visits[method] < (file.failFirst ?? 0);
}

function retryAfterOf(file: OriginFile): OutgoingHttpHeaders {
  if (file.retryAfter === undefined) return {};
  const date = new Date(Date.now() + file.retryAfter * 1000).toUTCString();
  return { "retry-after": file.retryAfterAs === "date" ? date : String(file.retryAfter) };
}

function refuse({ response, log }: Exchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  log.status = status;
  response.writeHead(status, { ...headers, "content-length": 0 }).end();
}

interface Slice {
  readonly start: number;
  readonly end: number;
  readonly isPartial: boolean;
}

async function serve(exchange: Exchange): Promise<void> {
  const { file, method, visits, response, log } = exchange;
  const version: Version = file.changeAfter !== undefined && visits.GET >= file.changeAfter ? 2 : 1;
  const representation = representationOf(file, version);
  const validators = validatorsOf(file, representation, version);
  const slice = sliceOf(exchange, representation, validators);
  if (!slice) return refuse(exchange, 416, { "content-range": `bytes */${representation.bytes}` });

  log.status = slice.isPartial ? 206 : 200;
  response.writeHead(log.status, {
    "content-type": file.type ?? "application/octet-stream",
    ...(file.encoding !== undefined && { "content-encoding": file.encoding }),
    ...(file.ranges === undefined && { "accept-ranges": "bytes" }),
    ...validators,
    ...lengthOf(file, method, slice),
    ...(slice.isPartial && { "content-range": contentRangeOf(file, slice, representation.bytes) }),
  });
  if (method === "HEAD") response.end();
  else await sendBody(exchange, representation.slice(slice.start, slice.end));
}

function validatorsOf(file: OriginFile, { etag }: Representation, version: Version): Record<string, string> {
  const lastModified = new Date(Date.UTC(2024, 0, version)).toUTCString();
  if (file.validator === "none") return {};
  if (file.validator === "last-modified") return { "last-modified": lastModified };
  if (file.validator === "weak") return { etag: `W/"${etag}"` };
  return { etag: `"${etag}"`, "last-modified": lastModified };
}

const strongOnes = (validators: Record<string, string>): readonly string[] =>
  Object.values(validators).filter((validator) => !validator.startsWith("W/"));

/** The requested bytes. Undefined if the range is not satisfiable. */
function sliceOf(
  { file, method, log }: Exchange,
  { bytes }: Representation,
  validators: Record<string, string>,
): Slice | undefined {
  const whole: Slice = { start: 0, end: bytes, isPartial: false };
  const range = /^bytes=(\d+)-(\d*)$/.exec(log.range ?? "");
  const isSameVersion = log.ifRange === undefined || strongOnes(validators).includes(log.ifRange);
  if (!range || method === "HEAD" || file.ranges === "ignored" || !isSameVersion) return whole;
  const start = Number(range[1]);
  const end = range[2] ? Math.min(Number(range[2]) + 1, bytes) : bytes;
  return start < end ? { start, end, isPartial: true } : undefined;
}

function lengthOf(file: OriginFile, method: "HEAD" | "GET", { start, end }: Slice): OutgoingHttpHeaders {
  if (file.length === "chunked") return {};
  const claimed = method === "HEAD" ? (file.headClaims ?? file.claims) : file.claims;
  return { "content-length": claimed ?? end - start };
}

function contentRangeOf(file: OriginFile, { start, end }: Slice, total: number): string {
  if (file.wrongRange === "start") return `bytes ${start + 1}-${end}/${total}`;
  return `bytes ${start}-${end - 1}/${file.wrongRange === "total" ? total + 1 : total}`;
}

async function sendBody(exchange: Exchange, chunks: Iterable<Uint8Array>): Promise<void> {
  const { file, visits, response, gone } = exchange;
  const tearAfter = visits.GET < (file.tearFirst ?? 1) ? file.tearAfter : undefined;
  const stallAfter = visits.GET < (file.stallFirst ?? 1) ? file.stallAfter : undefined;
  const bytesToSend = Math.min(tearAfter ?? Infinity, stallAfter ?? Infinity);
  await sendAtRate(exchange, firstBytes(chunks, bytesToSend));

  if (stallAfter === bytesToSend) await once(gone, "abort");
  else if (tearAfter === bytesToSend || file.claims !== undefined) response.socket?.destroySoon();
  else response.end();
}

function* firstBytes(chunks: Iterable<Uint8Array>, limit: number): Generator<Uint8Array> {
  let left = limit;
  for (const chunk of chunks) {
    if (left === 0) return;
    const taken = left < chunk.length ? chunk.subarray(0, left) : chunk;
    left -= taken.length;
    yield taken;
  }
}

/** By connection: until when what was sent over it takes at its rate. In ms, as `performance.now` counts. */
const busyUntilMs = new WeakMap<object, number>();

async function sendAtRate({ file, response, log, gone }: Exchange, chunks: Iterable<Uint8Array>): Promise<void> {
  const connection = response.req.socket;
  let untilMs = Math.max(performance.now(), busyUntilMs.get(connection) ?? 0);
  for (const chunk of chunks) {
    gone.throwIfAborted();
    const hasRoom = response.write(chunk);
    log.bytes += chunk.length;
    if (!hasRoom) await once(response, "drain", { signal: gone });
    if (file.rate === undefined) continue;
    untilMs += (chunk.length / file.rate) * 1000;
    busyUntilMs.set(connection, untilMs);
    const aheadMs = untilMs - performance.now();
    if (aheadMs > 1) await sleep(aheadMs, undefined, { signal: gone });
  }
}
