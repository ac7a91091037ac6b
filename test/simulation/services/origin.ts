import { hash } from "node:crypto";
import { Violation } from "../oracle/violation.ts";
import { RetryableError } from "../../../core/model/errors.ts";
import { hostOf } from "../../../core/model/message.ts";
import type { Http, HttpRequest, HttpResponse } from "../../../core/ports/http.ts";
import type { PieceOf } from "../oracle/lane-watch.ts";
import type { SimulatedProcess } from "./process.ts";
import { PIECE_BYTES } from "./settings.ts";

/** How the body of a GET response may be wrong. */
export type BodyFault =
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** The body is truncated but ends without an error. */
  | { readonly kind: "short"; readonly afterBytes: number }
  | { readonly kind: "long"; readonly byBytes: number }
  | { readonly kind: "corrupt"; readonly atByte: number }
  /** No bytes, and a length that says so. */
  | { readonly kind: "empty" }
  | { readonly kind: "wrong length" }
  | { readonly kind: "wrong range" }
  /** A range goes on to the end of the body. */
  | { readonly kind: "endless range" };

export type OriginAnswer =
  | { readonly kind: "body"; readonly fault?: BodyFault }
  | { readonly kind: "status"; readonly status: number; readonly retryAfterS?: number }
  | { readonly kind: "redirect"; readonly to: string };

export interface Resource {
  /** Every version that was ever served. The last one is current. */
  readonly versions: Buffer[];
  readonly validators: "strong" | "weak" | "none";
  readonly ranges: boolean;
  readonly isChunked: boolean;
  /** Answers a range request with the rest of the current version, whatever If-Range says. */
  readonly ignoresIfRange?: boolean;
  /** Announces the body's MD5 (Content-MD5). */
  readonly announcesDigest?: boolean;
  /** Sends a body a byte at a time, except a range that has an end: several connections are faster than one. */
  readonly dripsAlone?: boolean;
  /** Each answer says that no further request is allowed for so long. */
  readonly restsForS?: number;
  /** A 206 has no ETag, so it does not say which version the rest belongs to. */
  readonly isRestUnnamed?: boolean;
}

interface Connection {
  readonly by: SimulatedProcess;
  readonly host: string;
  readonly signal: AbortSignal;
}

/** Whether a request asks for a range that ends before the body may. */
const isWhole = (headers: HttpRequest["headers"]): boolean => headers["range"] === undefined;
export const hasEnd = (headers: HttpRequest["headers"]): boolean => /-\d/.test(headers["range"] ?? "");

interface Watch {
  answered(process: SimulatedProcess, request: HttpRequest, response: HttpResponse): void;
  read(process: SimulatedProcess, url: string, piece: PieceOf): void;
}

/** Origins that serve versioned bodies. `decide` chooses the answer to each request. */
export class SimulatedOrigin {
  readonly resources = new Map<string, Resource>();
  readonly requests: {
    readonly process: string;
    readonly method: string;
    readonly url: string;
    readonly hasEnd: boolean;
    /** Whether it asks for the body from its first byte. */
    readonly isWhole: boolean;
  }[] = [];
  /** Answers that were neither read to their end nor discarded: each holds a connection. */
  readonly #open = new Map<symbol, Connection>();
  /** Requests without an answer so far. */
  readonly #asked = new Map<symbol, Connection>();
  readonly bytesServedOf = new Map<string, number>();
  /** Looks at every answer, and at every piece of a body, that a process gets. */
  watch: Watch | undefined;
  readonly #decide: (request: HttpRequest) => OriginAnswer;
  /** Is told of each connection when it is opened, or used again, and of each request when it is sent. */
  onConnect: (process: SimulatedProcess, url: string) => void = () => undefined;
  onRequest: (process: SimulatedProcess, url: string, signal: AbortSignal) => void = () => undefined;

  constructor(decide: (request: HttpRequest) => OriginAnswer) {
    this.#decide = decide;
  }

  portOf(process: SimulatedProcess): Http {
    return {
      request: async (request) => {
        const { headers, method, url } = request;
        this.onConnect(process, url);
        const connection = { by: process, host: hostOf(url), signal: request.signal };
        const answer = await this.#underWay(connection, async () => {
          // To connect takes a time of its own, which matters to those requests alone that have one.
          if (request.whenDue) {
            await process.call("http", "connect", async () => request.signal.throwIfAborted());
            await request.whenDue();
          }
          this.requests.push({
            process: process.name,
            method,
            url,
            hasEnd: hasEnd(headers),
            isWhole: isWhole(headers),
          });
          this.onRequest(process, url, request.signal);
          return process.call("http", request.method, async () => this.#answer(request));
        });
        request.signal.throwIfAborted();
        this.watch?.answered(process, request, answer);
        const response = Symbol(request.url);
        this.#open.set(response, connection);
        const body = this.#read(process, answer, request, response);
        return { ...answer, body, discard: () => void this.#open.delete(response) };
      },
    };
  }

  /** @throws Violation if the process has left an answer open. */
  checkClosed(process: SimulatedProcess): void {
    for (const [response, { by }] of this.#open)
      if (by === process)
        throw new Violation(`${process.name} neither read nor discarded an answer of ${response.description}`);
  }

  /** Connections to the host, of all processes that live and have not stood still. An aborted request has none. */
  connectionsTo(host: string): number {
    return [...this.#open.values(), ...this.#asked.values()].filter(
      (each) => each.host === host && !each.by.isDead && !each.by.hasStoodStill && !each.signal.aborted,
    ).length;
  }

  async #underWay<T>(connection: Connection, send: () => Promise<T>): Promise<T> {
    const request = Symbol(connection.host);
    this.#asked.set(request, connection);
    return send().finally(() => this.#asked.delete(request));
  }

  /** Bodies that the process reads, or waits for. */
  connectionsOf(process: SimulatedProcess): number {
    const open = [...this.#open.values()].filter(({ by }) => by === process).length;
    return open + (process.underWay.get("http.GET") ?? 0);
  }

  get bytesServed(): number {
    return [...this.bytesServedOf.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #answer(request: HttpRequest): HttpResponse {
    const decision = this.#decide(request);
    if (decision.kind === "status") {
      const headers = decision.retryAfterS === undefined ? {} : { "retry-after": String(decision.retryAfterS) };
      return response(decision.status, headers);
    }
    if (decision.kind === "redirect") return response(302, { location: decision.to });
    const resource = this.resources.get(request.url);
    return resource ? serve(request, resource, decision.fault) : response(404, {});
  }

  async *#read(
    process: SimulatedProcess,
    answer: HttpResponse,
    { signal, url }: HttpRequest,
    response: symbol,
  ): AsyncIterable<Uint8Array> {
    const source = answer.body[Symbol.asyncIterator]();
    const begunMs = process.clock.nowMs();
    try {
      for (;;) {
        const piece = await process.call("http", "read", async () => source.next());
        signal.throwIfAborted();
        if (piece.done === true) return;
        this.watch?.read(process, url, { response: answer, openForMs: process.clock.nowMs() - begunMs });
        this.bytesServedOf.set(url, (this.bytesServedOf.get(url) ?? 0) + piece.value.length);
        yield piece.value;
      }
    } finally {
      this.#open.delete(response);
    }
  }
}

const response = (
  status: number,
  headers: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array> = pieces(Buffer.alloc(0)),
): HttpResponse => ({ status, headers, setCookies: [], body, discard: () => undefined });

async function* pieces(body: Buffer, fault?: BodyFault, pieceBytes = PIECE_BYTES): AsyncIterable<Uint8Array> {
  const sent = mangled(body, fault);
  for (let at = 0; at < sent.length; at += pieceBytes) yield sent.subarray(at, Math.min(at + pieceBytes, sent.length));
  if (fault?.kind === "cut" && sent.length < body.length) throw new RetryableError("origin_connection_lost");
}

function mangled(body: Buffer, fault: BodyFault | undefined): Buffer {
  switch (fault?.kind) {
    case "cut":
    case "short":
      return body.subarray(0, fault.afterBytes);
    case "long":
      return Buffer.concat([body, Buffer.alloc(fault.byBytes, "+")]);
    case "corrupt":
      return Buffer.from(body.map((byte, at) => (at === fault.atByte ? byte ^ 1 : byte)));
    case "empty":
      return Buffer.alloc(0);
    case "wrong length":
    case "wrong range":
    case "endless range":
    case undefined:
      return body;
  }
}

function serve(request: HttpRequest, resource: Resource, fault: BodyFault | undefined): HttpResponse {
  const version = resource.versions.length;
  const body = resource.versions[version - 1] ?? Buffer.alloc(0);
  const etag = `"v${version}"`;
  const headers: Record<string, string> = { "content-type": "text/plain" };
  if (resource.restsForS !== undefined)
    Object.assign(headers, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(resource.restsForS) });
  if (resource.validators === "strong") headers["etag"] = etag;
  if (resource.validators === "weak") headers["etag"] = `W/${etag}`;

  if (request.method === "GET" && request.headers["if-none-match"] === etag && resource.validators === "strong")
    return response(304, headers);
  const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers["range"] ?? "") ?? [];
  const pieceBytes = resource.dripsAlone === true && !last ? 1 : PIECE_BYTES;
  const condition = request.headers["if-range"];
  const isSame = condition === undefined || resource.ignoresIfRange === true || condition === headers["etag"];
  if (start === undefined || !resource.ranges || !isSame) {
    const claimed = fault?.kind === "empty" ? 0 : body.length + (fault?.kind === "wrong length" ? 3 : 0);
    if (!resource.isChunked) headers["content-length"] = String(claimed);
    if (resource.announcesDigest === true) headers["content-md5"] = hash("md5", body, "base64");
    return response(200, headers, request.method === "GET" ? pieces(body, fault, pieceBytes) : undefined);
  }
  if (Number(start) >= body.length) return response(416, { "content-range": `bytes */${body.length}` });
  // The wrong range has the same length as the right one.
  const shift = fault?.kind === "wrong range" ? 1 : 0;
  const isOpen = last === "" || fault?.kind === "endless range";
  const end = (isOpen ? body.length : Math.min(Number(last) + 1, body.length)) - shift;
  const range = body.subarray(Number(start) - shift, end);
  if (resource.isRestUnnamed === true) delete headers["etag"];
  headers["content-range"] = `bytes ${Number(start) - shift}-${end - 1}/${body.length}`;
  headers["content-length"] = String(range.length);
  return response(206, headers, pieces(range, fault, pieceBytes));
}
