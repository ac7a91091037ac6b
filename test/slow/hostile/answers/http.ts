/** Answers that are HTTP, at least at their beginning. */
import { STATUS_CODES } from "node:http";
import type { Answer, Asked } from "./answer.ts";

/** A header is a line: `ETag: "a"`. What depends on the request is a function. */
export type Header = string | ((asked: Asked) => string);
export type Body = string | Uint8Array;

/** `HTTP/1.1 404 Not Found`, the headers, and the empty line. */
export const head = (code: number, headers: readonly string[] = []): string =>
  [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? "Unheard Of"}`, ...headers, "", ""].join("\r\n");

const linesFor = (asked: Asked, headers: readonly Header[]): readonly string[] =>
  headers.map((header) => (typeof header === "string" ? header : header(asked)));

/** A head alone: for 204 and 304, and for what goes on in its own way. */
export const bare =
  (code: number, ...headers: readonly Header[]): Answer =>
  (asked, reply) =>
    reply.send(head(code, linesFor(asked, headers)));

/** A complete answer with a Content-Length. */
export const answered =
  (code: number, body: Body, ...headers: readonly Header[]): Answer =>
  (asked, reply) => {
    bare(code, `Content-Length: ${Buffer.byteLength(body)}`, ...headers)(asked, reply);
    reply.sendBody(body);
  };

export const whole = (body: Body, ...headers: readonly Header[]): Answer => answered(200, body, ...headers);

export const status = (code: number, ...headers: readonly Header[]): Answer =>
  answered(code, "This is not the file.\n", ...headers);

/** `target` may be relative. */
export const redirect = (
  target: string | ((asked: Asked) => string),
  code = 302,
  ...headers: readonly Header[]
): Answer => status(code, (asked) => `Location: ${typeof target === "string" ? target : target(asked)}`, ...headers);

/** The end of the connection is the end of the body. */
export const untilClosed =
  (body: Body, ...headers: readonly Header[]): Answer =>
  (asked, reply) => {
    bare(200, ...headers)(asked, reply);
    reply.sendBody(body).close();
  };

export const chunk = (body: Body): Buffer => Buffer.concat([sizeLine(Buffer.byteLength(body)), toBuffer(body), CRLF]);
export const LAST_CHUNK = "0\r\n\r\n";

const CRLF = Buffer.from("\r\n");
const sizeLine = (bytes: number): Buffer => Buffer.from(`${bytes.toString(16)}\r\n`);
const toBuffer = (body: Body): Uint8Array => (typeof body === "string" ? Buffer.from(body) : body);

export const chunked =
  (body: Body, ...headers: readonly Header[]): Answer =>
  (asked, reply) => {
    bare(200, "Transfer-Encoding: chunked", ...headers)(asked, reply);
    reply.sendBody(chunk(body)).sendBody(LAST_CHUNK);
  };

/** Announces the whole body, sends its first bytes, and closes the connection. */
export const tornAfter =
  (bytes: number, body: Uint8Array, ...headers: readonly Header[]): Answer =>
  (asked, reply) => {
    bare(200, `Content-Length: ${body.length}`, ...headers)(asked, reply);
    reply.sendBody(body.subarray(0, bytes)).close();
  };

/** Announces the whole body, sends its first bytes, and nothing more. */
export const stalledAfter =
  (bytes: number, body: Uint8Array, ...headers: readonly Header[]): Answer =>
  (asked, reply) => {
    bare(200, `Content-Length: ${body.length}`, ...headers)(asked, reply);
    reply.sendBody(body.subarray(0, bytes));
  };
