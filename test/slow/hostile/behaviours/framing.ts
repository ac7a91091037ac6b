/** Where a body ends, and who says so. */
import type { Answer } from "../answers/answer.ts";
import { byMethod, inTurn } from "../answers/compose.ts";
import { bare, chunk, chunked, head, LAST_CHUNK, tornAfter, untilClosed, whole } from "../answers/http.ts";
import { close, reset, says, saysAndCloses } from "../answers/raw.ts";
import { alone, bodyOf, fetched, retried, type HostileCase } from "../case.ts";

const LOST = "origin_connection_lost";
const NO_HTTP = "origin_speaks_no_http";

const CHUNKED = head(200, ["Transfer-Encoding: chunked"]);
const lengthHead = (length: number | string, ...more: readonly string[]): string =>
  head(200, [`Content-Length: ${length}`, ...more]);
const closing = (body: Uint8Array): string => lengthHead(body.length, "Connection: close");

/** Each byte in a packet of its own. */
const inBytes =
  (answer: readonly (string | Uint8Array)[]): Answer =>
  (_asked, reply) => {
    const bytes = Buffer.concat(answer.map((piece) => Buffer.from(piece as Uint8Array)));
    reply.every(
      2,
      [...bytes].map((byte) => Uint8Array.of(byte)),
      () => reply.close(),
    );
  };

const brokenBy =
  (what: "close" | "reset", ...pieces: readonly (string | Uint8Array)[]): Answer =>
  (asked, reply) => {
    says(...pieces)(asked, reply);
    reply[what]();
  };

/** A body in chunks, spelled in some way that is allowed. */
const spelledChunks: readonly (readonly [
  name: string,
  what: string,
  pieces: (body: Buffer) => readonly (string | Buffer)[],
])[] = [
  [
    "extensions",
    "chunks have extensions",
    (body) => [`${body.length.toString(16)};a=b;c="d;e"\r\n`, body, "\r\n0;last\r\n\r\n"],
  ],
  [
    "long-extension",
    "a chunk has an extension of 1 KiB",
    (body) => [`${body.length.toString(16)};a=${"x".repeat(1024)}\r\n`, body, "\r\n", LAST_CHUNK],
  ],
  [
    "leading-zeros",
    "a chunk's size has leading zeros",
    (body) => [`0000${body.length.toString(16)}\r\n`, body, "\r\n", LAST_CHUNK],
  ],
  [
    "upper-case",
    "a chunk's size is in upper case",
    (body) => [`${body.length.toString(16).toUpperCase()}\r\n`, body, "\r\n", LAST_CHUNK],
  ],
  ["zeros-at-the-end", "the last chunk's size has many zeros", (body) => [chunk(body), "000000\r\n\r\n"]],
  [
    "trailers",
    "trailers follow the last chunk",
    (body) => [chunk(body), "0\r\nX-Checksum: none\r\nExpires: never\r\n\r\n"],
  ],
  ["trailing-length", "a trailer names a length", (body) => [chunk(body), "0\r\nContent-Length: 3\r\n\r\n"]],
  [
    "one-byte-chunks",
    "each byte is a chunk",
    (body) => [...[...body].map((byte) => chunk(Uint8Array.of(byte))), LAST_CHUNK],
  ],
];

const brokenChunks: readonly (readonly [name: string, what: string, reason: string, ...pieces: readonly string[]])[] = [
  ["no-last", "the last chunk is missing", LOST, "5\r\nhello\r\n"],
  ["in-data", "the connection ends within a chunk", LOST, "ff\r\nhello"],
  ["in-size", "the connection ends within a chunk's size", LOST, "5\r\nhello\r\n5"],
  ["none", "no chunk comes", LOST],
  ["no-number", "a chunk's size is a word", LOST, "many\r\nhello\r\n0\r\n\r\n"],
  ["negative", "a chunk's size is negative", LOST, "-5\r\nhello\r\n0\r\n\r\n"],
  ["overflow", "a chunk's size has no room in 64 bits", LOST, "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"],
  ["not-chunked", "what is called chunked is plain text", LOST, "Hello, this is the file.\n"],
];

const badLengths: readonly (readonly [name: string, text: string])[] = [
  ["negative", "-5"],
  ["word", "five"],
  ["hexadecimal", "0x5"],
  ["list", "5, 6"],
  ["fraction", "5.0"],
  ["overflow", "99999999999999999999999"],
];

const protocols: readonly (readonly [name: string, what: string, greeting: string | Buffer])[] = [
  ["ssh", "an SSH server", "SSH-2.0-OpenSSH_9.6p1\r\n"],
  ["ftp", "an FTP server", "220 Welcome to this FTP server\r\n"],
  ["smtp", "a mail server", "220 mail.example.org ESMTP\r\n500 what?\r\n"],
  ["redis", "a Redis server", "-ERR unknown command 'GET'\r\n"],
  ["tls", "a TLS server, which sends an alert", Buffer.from("15030300020228", "hex")],
  [
    "http2",
    "an HTTP/2 server, which sends its settings",
    Buffer.from("00000c04000000000000030000006400040000ffff", "hex"),
  ],
  ["http09", "an HTTP/0.9 server, which sends the body alone", "<html>hello</html>"],
  ["zeros", "a server that sends zeros", Buffer.alloc(100)],
  ["icy", "a music stream that names no HTTP version", "ICE 200 OK\r\n\r\nmusic"],
];

const whatIsRead: readonly HostileCase[] = [
  fetched("framing-bytewise", "each byte comes alone, the head's too", (body) =>
    byMethod(whole(body), inBytes([closing(body), body])),
  ),
  fetched("framing-chunks-bytewise", "each byte of a chunked body comes alone", (body) =>
    byMethod(whole(body), inBytes([CHUNKED, chunk(body), LAST_CHUNK])),
  ),
  fetched("framing-one-packet", "head, body and end come at once", (body) =>
    saysAndCloses(Buffer.concat([Buffer.from(closing(body)), body])),
  ),
  fetched("framing-open", "the connection stays open after the announced close", (body) => says(closing(body), body)),
  fetched("framing-closes-unannounced", "the connection closes after each answer, unannounced", (body) =>
    saysAndCloses(lengthHead(body.length), body),
  ),
  fetched("framing-until-closed", "the end of the connection is the end of the body", untilClosed),
  fetched("framing-until-closed-large", "9 MiB end with the connection", untilClosed, { bytes: 9 * 1024 * 1024 }),
  fetched("framing-http-1.0", "HTTP/1.0 has no length", (body) => saysAndCloses("HTTP/1.0 200 OK\r\n\r\n", body)),
  fetched("framing-http-1.0-chunked", "HTTP/1.0 is chunked", (body) =>
    saysAndCloses("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk(body), LAST_CHUNK),
  ),
  fetched("framing-chunked", "a body comes in one chunk", chunked),
  fetched("framing-chunked-name", "Chunked is written with a capital", (body) =>
    says(head(200, ["Transfer-Encoding: Chunked"]), chunk(body), LAST_CHUNK),
  ),
  fetched("framing-chunked-and-length", "a chunked body has a length too", (body) =>
    says(lengthHead(body.length, "Transfer-Encoding: chunked"), chunk(body), LAST_CHUNK),
  ),
  fetched("framing-chunked-and-wrong-length", "a chunked body has a wrong length, which means nothing", (body) =>
    saysAndCloses(lengthHead(3, "Transfer-Encoding: chunked"), chunk(body), LAST_CHUNK),
  ),
  fetched("framing-identity", "the transfer coding is identity", (body) =>
    saysAndCloses(lengthHead(body.length, "Transfer-Encoding: identity", "Connection: close"), body),
  ),
  fetched("framing-empty", "an empty body has the length 0", whole, { body: Buffer.alloc(0) }),
  fetched("framing-empty-chunked", "an empty body has no chunk", chunked, { body: Buffer.alloc(0) }),
  fetched("framing-empty-closed", "an empty body is the end of the connection", untilClosed, { body: Buffer.alloc(0) }),
  ...spelledChunks.map(([name, what, pieces]) =>
    fetched(`framing-chunk-${name}`, what, (body) => says(CHUNKED, ...pieces(body))),
  ),
];

const heals: readonly HostileCase[] = [
  fetched("framing-torn-once", "a body breaks off once", (body) => inTurn(tornAfter(5, body), whole(body))),
  fetched("framing-reset-once", "the first connection is reset", (body) => inTurn(reset, whole(body))),
  fetched("framing-closed-once", "the first connection is closed", (body) => inTurn(close, whole(body))),
  fetched("framing-garbage-once", "the first answer is not HTTP", (body) =>
    inTurn(saysAndCloses("garbage\r\n\r\n"), whole(body)),
  ),
  fetched("framing-torn-chunks-once", "a chunked body breaks off once", (body) =>
    inTurn(saysAndCloses(CHUNKED, "ff\r\nhello"), chunked(body)),
  ),
];

const breaks: readonly HostileCase[] = [
  retried("framing-short", "a body is shorter than its length", LOST, saysAndCloses(lengthHead(99), "hello")),
  retried("framing-no-body", "a body is missing", LOST, saysAndCloses(lengthHead(99))),
  retried("framing-one-byte-short", "the last byte is missing", LOST, tornAfter(99, bodyOf("one-byte-short", 100))),
  retried("framing-reset-in-body", "the body ends by a reset", LOST, brokenBy("reset", lengthHead(99), "hello")),
  retried(
    "framing-reset-unmeasured",
    "a body without a length ends by a reset",
    LOST,
    brokenBy("reset", head(200), "hello"),
  ),
  retried("framing-reset-chunks", "a chunked body ends by a reset", LOST, brokenBy("reset", CHUNKED, "5\r\nhello\r\n")),
  retried("framing-in-head", "the connection ends within the head", LOST, saysAndCloses("HTTP/1.1 200 OK\r\nConten")),
  retried("framing-in-status", "the connection ends within the status line", LOST, saysAndCloses("HTTP/1.")),
  retried("framing-closes", "the connection closes without an answer", LOST, close),
  retried("framing-resets", "the connection is reset without an answer", LOST, reset),
  retried("framing-only-100", "the connection closes after 100", LOST, saysAndCloses(head(100))),
  ...brokenChunks.map(([name, what, reason, ...pieces]) =>
    retried(`framing-chunks-${name}`, what, reason, saysAndCloses(CHUNKED, ...pieces)),
  ),
  ...badLengths.map(([name, length]) =>
    retried(`framing-length-${name}`, `the length is ${length}`, NO_HTTP, saysAndCloses(lengthHead(length), "hello")),
  ),
  retried(
    "framing-two-lengths",
    "two lengths differ",
    NO_HTTP,
    saysAndCloses(lengthHead(5, "Content-Length: 6"), "hello"),
  ),
  ...protocols.map(([name, what, greeting]) =>
    retried(`framing-${name}`, `${what} listens there`, NO_HTTP, saysAndCloses(greeting)),
  ),
];

export const framing: readonly HostileCase[] = alone([
  ...whatIsRead,
  ...heals,
  ...breaks,
  fetched("framing-stale-connection", "each kept connection is closed at its second request", (body) => {
    const seen = new WeakSet<object>();
    return (asked, reply) => {
      if (seen.has(reply.connection)) reply.close();
      else whole(body)(asked, reply);
      seen.add(reply.connection);
    };
  }),
  fetched("framing-bare-continue", "100 comes before the answer", (body) => (asked, reply) => {
    bare(100)(asked, reply);
    whole(body)(asked, reply);
  }),
]);
