/** Digests that origins send with their bodies: verified if they can be, and ignored otherwise. */
import { gzipSync } from "node:zlib";
import { base64, crc32Base64, crc32cBase64, md5, md5Hex, reprDigest } from "../answers/digest.ts";
import { inTurn } from "../answers/compose.ts";
import { chunked, untilClosed, whole } from "../answers/http.ts";
import { bodyOf, fetched, retried, type HostileCase } from "../case.ts";

const S3 = "x-amz-request-id: 4442587FB7D0A2F9";
const AMZ = "x-amz-checksum-";

/** Each is verified: right, the file is stored; wrong, it is fetched again, and the URL fails. */
const VERIFIED: readonly (readonly [name: string, header: string, lines: (body: Uint8Array) => readonly string[]])[] = [
  ["repr-sha-256", "repr-digest", (body) => [reprDigest(body)]],
  ["repr-sha-512", "repr-digest", (body) => [`Repr-Digest: sha-512=:${base64("sha512", body)}:`]],
  ["repr-with-unknown", "repr-digest", (body) => [`Repr-Digest: blake9=:AAAA:, sha-256=:${base64("sha256", body)}:`]],
  ["content-sha-256", "content-digest", (body) => [`Content-Digest: sha-256=:${base64("sha256", body)}:`]],
  ["digest-sha-256", "digest", (body) => [`Digest: SHA-256=${base64("sha256", body)}`]],
  ["digest-sha-512", "digest", (body) => [`Digest: sha-512=${base64("sha512", body)}`]],
  ["digest-md5", "digest", (body) => [`Digest: MD5=${md5(body)}`]],
  ["digest-two", "digest", (body) => [`Digest: unixsum=30637, sha-256=${base64("sha256", body)}`]],
  ["content-md5", "content-md5", (body) => [`Content-MD5: ${md5(body)}`]],
  ["goog-md5", "x-goog-hash", (body) => [`x-goog-hash: md5=${md5(body)}`]],
  ["goog-crc32c", "x-goog-hash", (body) => [`x-goog-hash: crc32c=${crc32cBase64(body)}`]],
  [
    "goog-both",
    "x-goog-hash",
    (body) => [`x-goog-hash: crc32c=${crc32cBase64(body)}`, `x-goog-hash: md5=${md5(body)}`],
  ],
  ["goog-one-line", "x-goog-hash", (body) => [`x-goog-hash: crc32c=${crc32cBase64(body)},md5=${md5(body)}`]],
  ["amz-sha256", `${AMZ}sha256`, (body) => [`${AMZ}sha256: ${base64("sha256", body)}`]],
  ["amz-sha1", `${AMZ}sha1`, (body) => [`${AMZ}sha1: ${base64("sha1", body)}`]],
  ["amz-crc32", `${AMZ}crc32`, (body) => [`${AMZ}crc32: ${crc32Base64(body)}`]],
  ["amz-crc32c", `${AMZ}crc32c`, (body) => [`${AMZ}crc32c: ${crc32cBase64(body)}`, `${AMZ}type: FULL_OBJECT`]],
  ["s3-etag", "etag", (body) => [`ETag: "${md5Hex(body)}"`, S3]],
];

const X = "AAAA";
const IGNORED: readonly (readonly [name: string, what: string, ...lines: readonly string[]])[] = [
  ["empty", "digest headers are empty", "Repr-Digest:", "Content-Digest:", "Digest:", "Content-MD5:", "x-goog-hash:"],
  ["not-base64", "Content-MD5 is no base64", "Content-MD5: !!!not-base64!!!"],
  ["hex-md5", "Content-MD5 is hexadecimal", "Content-MD5: d41d8cd98f00b204e9800998ecf8427e"],
  ["hex-digest", "Digest is hexadecimal", `Digest: sha-256=${"0a".repeat(32)}`],
  [
    "short",
    "a digest is too short",
    `Repr-Digest: sha-256=:${X}:`,
    `Content-MD5: ${X}`,
    `Digest: sha-256=${X}`,
    `${AMZ}sha256: ${X}`,
  ],
  ["no-colons", "Repr-Digest has no colons", `Repr-Digest: sha-256=${base64("sha256", Buffer.from("else"))}`],
  ["unknown", "the algorithm is unknown", `Repr-Digest: blake9=:${X}:`, `Digest: crc99=${X}`, `${AMZ}blake9: ${X}`],
  ["broken-structure", "Repr-Digest is no structured header", 'Repr-Digest: sha-256=:AA, ;;"=:'],
  ["unixsum", "the digest is a sum of old", "Digest: unixsum=30637, unixcksum=3337"],
  [
    "composite",
    "the checksum is one of parts",
    `${AMZ}sha256: ${base64("sha256", Buffer.from("parts"))}-3`,
    `${AMZ}type: COMPOSITE`,
  ],
  ["s3-parts", "the ETag is one of parts", `ETag: "${md5Hex(Buffer.from("parts"))}-3"`, S3],
  [
    "s3-kms",
    "the ETag is one of an encrypted object",
    `ETag: "${md5Hex(Buffer.from("kms"))}"`,
    S3,
    "x-amz-server-side-encryption: aws:kms",
  ],
  [
    "s3-dsse",
    "the ETag is one of an object that is encrypted twice",
    `ETag: "${md5Hex(Buffer.from("dsse"))}"`,
    S3,
    "x-amz-server-side-encryption: aws:kms:dsse",
  ],
  [
    "s3-customer-key",
    "the ETag is one of an object that its owner encrypted",
    `ETag: "${md5Hex(Buffer.from("sse-c"))}"`,
    S3,
    "x-amz-server-side-encryption-customer-algorithm: AES256",
  ],
  ["not-s3", "the ETag only looks like a digest", `ETag: "${md5Hex(Buffer.from("inode"))}"`],
  ["weak-s3", "the ETag is weak", `ETag: W/"${md5Hex(Buffer.from("weak"))}"`, S3],
  ["want", "the origin wants digests itself", "Want-Repr-Digest: sha-256=1", "Want-Digest: sha-256"],
];

const otherBody = Buffer.from("not what it should be\n");
const reason = (header: string): string => `origin_digest_mismatch:${header}`;

const encoded = (name: string): Buffer => gzipSync(bodyOf(name));
const GZIP = "Content-Encoding: gzip";

export const digests: readonly HostileCase[] = [
  ...VERIFIED.map(([name, , lines]) =>
    fetched(`digest-right-${name}`, `the digest is right: ${name}`, (body) => whole(body, ...lines(body))),
  ),
  ...VERIFIED.map(([name, header, lines]) =>
    retried(
      `digest-wrong-${name}`,
      `the digest is wrong: ${name}`,
      reason(header),
      whole(bodyOf(name), ...lines(otherBody)),
    ),
  ),
  ...IGNORED.map(([name, what, ...lines]) =>
    fetched(`digest-ignored-${name}`, what, (body) => whole(body, ...lines), { result: { attempts: 1 } }),
  ),
  fetched(
    "digest-wrong-once",
    "a damaged body comes once, and then the right one",
    (body) => inTurn(whole(otherBody, reprDigest(body)), whole(body, reprDigest(body))),
    { result: { attempts: 2 } },
  ),
  fetched("digest-large", "a file of 9 MiB has a digest", (body) => whole(body, reprDigest(body)), {
    bytes: 9 * 1024 * 1024,
  }),
  retried(
    "digest-large-wrong",
    "a file of 9 MiB has a wrong digest",
    reason("repr-digest"),
    whole(bodyOf("digest-large-wrong", 9 * 1024 * 1024), reprDigest(otherBody)),
  ),
  retried(
    "digest-chunked-wrong",
    "a chunked body has a wrong digest",
    reason("content-md5"),
    chunked("hello", `Content-MD5: ${md5(otherBody)}`),
  ),
  retried(
    "digest-one-of-two",
    "one digest is right, and one is wrong",
    reason("content-md5"),
    whole("two digests", reprDigest(Buffer.from("two digests")), `Content-MD5: ${md5(otherBody)}`),
  ),
  retried(
    "digest-cut",
    "a body that ends with the connection was cut, which its digest tells",
    reason("repr-digest"),
    untilClosed(bodyOf("digest-cut", 500), reprDigest(bodyOf("digest-cut", 1000))),
  ),
  fetched("digest-of-encoded", "the digest is that of the encoded bytes", () => {
    const bytes = encoded("digest-of-encoded");
    return whole(bytes, GZIP, reprDigest(bytes), `Content-MD5: ${md5(bytes)}`);
  }),
  retried(
    "digest-of-decoded",
    "the digest is that of the decoded bytes, which is wrong",
    reason("content-md5"),
    whole(encoded("digest-of-decoded"), GZIP, `Content-MD5: ${md5(bodyOf("digest-of-decoded"))}`),
  ),
  fetched("digest-transcoded", "Google decoded the file, and the digest is that of what it stores", (body) => {
    const stored = encoded("digest-transcoded");
    return whole(
      body,
      `x-goog-hash: crc32c=${crc32cBase64(stored)}`,
      `x-goog-hash: md5=${md5(stored)}`,
      "x-goog-stored-content-encoding: gzip",
      "Warning: 214 UploadServer gunzipped",
    );
  }),
];
