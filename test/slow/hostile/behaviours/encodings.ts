/** Content-Encoding, although nobody asked for one. */
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { byPath, inTurn } from "../answers/compose.ts";
import { chunked, redirect, tornAfter, untilClosed, whole, type Body } from "../answers/http.ts";
import { bodyOf, fetched, inRun, policy, refused, retried, type HostileCase } from "../case.ts";

const MIB = 1024 * 1024;
const coding = (name: string): string => `Content-Encoding: ${name}`;
const GZIP = coding("gzip");
const DAMAGED = "damaged_encoding";

const quick = (body: Uint8Array): Buffer =>
  brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
type Encode = (body: Buffer) => Uint8Array;

const DECODED: readonly (readonly [name: string, what: string, header: string, encode: Encode])[] = [
  ["gzip", "gzip", "gzip", (body) => gzipSync(body)],
  ["x-gzip", "gzip by its old name", "x-gzip", (body) => gzipSync(body)],
  ["upper-case", "gzip in upper case", "GZip", (body) => gzipSync(body)],
  ["deflate", "deflate", "deflate", (body) => deflateSync(body)],
  ["raw-deflate", "deflate without its wrapper, as old servers send it", "deflate", (body) => deflateRawSync(body)],
  ["br", "Brotli", "br", quick],
  ["zstd", "Zstandard", "zstd", (body) => zstdCompressSync(body)],
  ["two", "gzip within Brotli", "gzip, br", (body) => quick(gzipSync(body))],
  ["three", "three codings", "deflate, gzip, zstd", (body) => zstdCompressSync(gzipSync(deflateSync(body)))],
  ["twice", "gzip twice", "gzip, gzip", (body) => gzipSync(gzipSync(body))],
  ["with-identity", "gzip and identity", "identity, gzip", (body) => gzipSync(body)],
  [
    "members",
    "gzip in two members",
    "gzip",
    (body) => Buffer.concat([gzipSync(body.subarray(0, 9)), gzipSync(body.subarray(9))]),
  ],
  ["identity", "identity", "identity", (body) => body],
  ["empty", "an empty name", "", (body) => body],
];

/** What looks like a coding is the file itself. */
const FILES: readonly (readonly [name: string, what: string, path: string, ...headers: readonly string[]])[] = [
  ["type", "the Content-Type is gzip", "file", GZIP, "Content-Type: application/gzip"],
  ["x-type", "the Content-Type is x-gzip", "file", coding("x-gzip"), "Content-Type: application/x-gzip"],
  ["tgz-type", "the Content-Type is x-tgz", "file", GZIP, "Content-Type: application/x-tgz"],
  ["gz", "the URL ends in .gz", "file.csv.gz", GZIP, "Content-Type: text/csv"],
  ["tgz", "the URL ends in .tgz", "file.tgz", coding("x-gzip"), "Content-Type: application/x-tar"],
  ["svgz", "the URL ends in .svgz", "file.svgz", GZIP, "Content-Type: image/svg+xml"],
  ["gz-upper", "the URL ends in .GZ", "FILE.CSV.GZ", GZIP, "Content-Type: text/csv"],
  ["gz-query", "the URL's path ends in .gz, before a query", "file.warc.gz?download=1", GZIP],
];

const packed = gzipSync(bodyOf("encoding-damaged", 20_000));
const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
  return copy;
};

const DAMAGED_BODIES: readonly (readonly [name: string, what: string, header: string, body: Body])[] = [
  ["cut", "gzip ends too early", "gzip", packed.subarray(0, 10_000)],
  ["no-trailer", "gzip's checksum is missing", "gzip", packed.subarray(0, -8)],
  ["checksum", "gzip's checksum is wrong", "gzip", flipped(packed, packed.length - 6)],
  ["length", "gzip's length is wrong", "gzip", flipped(packed, packed.length - 1)],
  ["header", "what is called gzip is plain text", "gzip", "Not compressed at all.\n"],
  ["inside", "a coding within another is damaged", "gzip, br", quick(packed.subarray(0, 5000))],
  ["deflate", "what is called deflate is plain text", "deflate", "Not compressed at all.\n"],
  ["br", "Brotli ends too early", "br", quick(bodyOf("encoding-br", 20_000)).subarray(0, 9000)],
  ["zstd", "Zstandard ends too early", "zstd", zstdCompressSync(bodyOf("encoding-zstd", 20_000)).subarray(0, 9000)],
  ["zstd-text", "what is called Zstandard is plain text", "zstd", "Not compressed at all.\n"],
];

const zeros = Buffer.alloc(120 * MIB);
const gzipBomb = gzipSync(zeros, { level: 1 });
const BOMB = "encoding_bomb";

const usual: readonly HostileCase[] = [
  ...DECODED.map(([name, what, header, encode]) =>
    fetched(`encoding-${name}`, `the body comes in ${what}`, (body) => whole(encode(body), coding(header))),
  ),
  ...FILES.map(([name, what, path, ...headers]) => {
    const body = gzipSync(bodyOf(`encoding-file-${name}`));
    return fetched(`encoding-file-${name}`, `gzip is the file: ${what}`, () => whole(body, ...headers), { path, body });
  }),
  ...DAMAGED_BODIES.map(([name, what, header, body]) =>
    retried(`encoding-damaged-${name}`, what, DAMAGED, whole(body, coding(header))),
  ),
  ...["sdch", "bzip2", "utf-8"].map((name) =>
    fetched(
      `encoding-unknown-${name}`,
      `${name} is no coding that we know, and the body is stored as it came`,
      (body) => whole(body, coding(name)),
      { result: { content_encoding: name } },
    ),
  ),
  fetched("encoding-aws-chunked", "aws-chunked is left from an upload, and says nothing of the body", (body) =>
    whole(body, coding("aws-chunked")),
  ),
  fetched("encoding-two-lines", "two codings come in two headers", (body) =>
    whole(quick(gzipSync(body)), GZIP, coding("br")),
  ),
  fetched("encoding-padded", "zeros follow the gzip, as from a tape", (body) =>
    whole(Buffer.concat([gzipSync(body), Buffer.alloc(512)]), GZIP),
  ),
  fetched(
    "encoding-file-redirected",
    "gzip is the file: a redirect leads to a .gz",
    () => byPath({ "file.csv.gz": whole(packed, GZIP) }, redirect("file.csv.gz")),
    { body: packed },
  ),
  fetched("encoding-chunked", "an encoded body is chunked", (body) => chunked(gzipSync(body), GZIP)),
  fetched("encoding-until-closed", "an encoded body ends with the connection", (body) =>
    untilClosed(gzipSync(body), GZIP),
  ),
  fetched("encoding-large", "9 MiB are encoded", (body) => whole(gzipSync(body, { level: 1 }), GZIP), {
    bytes: 9 * MIB,
  }),
  fetched(
    "encoding-zeros",
    "20 MiB of zeros are encoded in 20 KiB, and are no bomb",
    (body) => whole(gzipSync(body), GZIP),
    {
      body: zeros.subarray(0, 20 * MIB),
    },
  ),
  fetched("encoding-once-damaged", "the encoded body is damaged once", (body) =>
    inTurn(whole("no gzip", GZIP), whole(gzipSync(body), GZIP)),
  ),
  fetched(
    "encoding-torn-once",
    "the encoded body breaks off once",
    (body) => {
      const bytes = gzipSync(body);
      const headers = [GZIP, 'ETag: "e"', "Accept-Ranges: bytes"];
      return inTurn(tornAfter(bytes.length / 2, bytes, ...headers), whole(bytes, ...headers));
    },
    { bytes: 50_000 },
  ),
  fetched("encoding-decoded-length", "the length is that of the encoded bytes", (body) =>
    whole(gzipSync(body), GZIP, "X-Uncompressed-Length: 99999"),
  ),
  retried(
    "encoding-wrong-length",
    "the length is that of the decoded bytes",
    "origin_connection_lost",
    (asked, reply) => {
      const body = Buffer.alloc(5000, "a");
      tornAfter(gzipSync(body).length, Buffer.concat([gzipSync(body), body]), GZIP)(asked, reply);
    },
  ),
  fetched("encoding-brotli-of-gz", "a .gz file comes in Brotli", () => whole(quick(packed), coding("br")), {
    path: "file.gz",
    body: packed,
  }),
  refused("encoding-bomb-gzip", "120 MiB come out of 1 MiB of gzip", BOMB, whole(gzipBomb, GZIP), policy),
  refused(
    "encoding-bomb-twice",
    "120 MiB come out of gzip in gzip",
    BOMB,
    whole(gzipSync(gzipBomb), coding("gzip, gzip")),
    policy,
  ),
  refused("encoding-bomb-br", "120 MiB come out of Brotli", BOMB, whole(quick(zeros), coding("br")), policy),
  refused(
    "encoding-bomb-zstd",
    "120 MiB come out of Zstandard",
    BOMB,
    whole(zstdCompressSync(zeros), coding("zstd")),
    policy,
  ),
];

const strict: readonly HostileCase[] = [
  refused(
    "strict-decoded",
    "2 MiB come out of 2 KiB, where 1 MiB is allowed",
    "too_large",
    whole(gzipSync(zeros.subarray(0, 2 * MIB)), GZIP),
    policy,
  ),
  fetched(
    "strict-decoded-most",
    "exactly 1 MiB comes out, where 1 MiB is allowed",
    (body) => whole(gzipSync(body), GZIP),
    { body: Buffer.alloc(MIB, "1") },
  ),
];

export const encodings: readonly HostileCase[] = [...usual, ...inRun("strict", strict)];
