import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { announcedDigests, refuseOtherThanAnnounced } from "../../../../core/origin/announced-digests.ts";

const BODY = "hello world";
const b64 = (algorithm: string): string => hash(algorithm, BODY, "base64");
const hex = (algorithm: string): string => hash(algorithm, BODY);
const CRC32 = Buffer.from(crc32(BODY).toString(16).padStart(8, "0"), "hex");

type Headers = Readonly<Record<string, string>>;
const S3 = { "x-amz-request-id": "1", etag: `"${hex("md5")}"` };

describe("an announced digest", () => {
  it.each<[Headers, readonly (readonly [string, string, string])[]]>([
    [{ "repr-digest": `sha-256=:${b64("sha256")}:` }, [["sha256", hex("sha256"), "repr-digest"]]],
    [
      { "content-digest": `sha-512=:${b64("sha512")}:, md5=:${b64("md5")}:` },
      [
        ["sha512", hex("sha512"), "content-digest"],
        ["md5", hex("md5"), "content-digest"],
      ],
    ],
    [
      { digest: `SHA-256=${b64("sha256")},MD5=${b64("md5")}, sha=${b64("sha1")}` },
      [
        ["sha256", hex("sha256"), "digest"],
        ["md5", hex("md5"), "digest"],
        ["sha1", hex("sha1"), "digest"],
      ],
    ],
    [{ "content-md5": b64("md5") }, [["md5", hex("md5"), "content-md5"]]],
    [
      { "x-goog-hash": `crc32c=yZRlqg==, md5=${b64("md5")}` },
      [
        ["crc32c", "c99465aa", "x-goog-hash"],
        ["md5", hex("md5"), "x-goog-hash"],
      ],
    ],
    [{ "x-amz-checksum-crc32": CRC32.toString("base64") }, [["crc32", CRC32.toString("hex"), "x-amz-checksum-crc32"]]],
    [{ "x-amz-checksum-sha256": b64("sha256") }, [["sha256", hex("sha256"), "x-amz-checksum-sha256"]]],
    [S3, [["md5", hex("md5"), "etag"]]],
    [{ ...S3, server: "AmazonS3", "x-amz-server-side-encryption": "AES256" }, [["md5", hex("md5"), "etag"]]],
  ])("is read from %j", (headers, digests) => {
    expect(announcedDigests(headers).map(({ algorithm, hex: digits, source }) => [algorithm, digits, source])).toEqual(
      digests,
    );
  });

  it.each<[string, Headers]>([
    ["an unknown algorithm", { "repr-digest": `sha-3=:${b64("sha256")}:`, digest: `crc=${b64("md5")}` }],
    ["a digest of another length", { "content-md5": b64("sha256"), digest: `SHA-256=${b64("md5")}` }],
    ["what is not base64", { "content-md5": "!".repeat(24), "repr-digest": "sha-256=:?:" }],
    ["hexadecimal digits", { "content-md5": hex("md5"), digest: `MD5=${hex("md5")}` }],
    ["a header that is not in form", { "repr-digest": "sha-256", "content-digest": "(" }],
    ["a checksum of checksums", { "x-amz-checksum-sha256": `${b64("sha256")}-3` }],
    ["a checksum that is called one", { "x-amz-checksum-type": "COMPOSITE", "x-amz-checksum-sha256": b64("sha256") }],
    ["a hash of another coding", { "x-goog-stored-content-encoding": "gzip", "x-goog-hash": `md5=${b64("md5")}` }],
    ["the ETag of another server", { etag: S3.etag }],
    ["the ETag of another server that calls itself so", { ...S3, server: "MinIO" }],
    ["the ETag of parts", { ...S3, etag: `"${hex("md5")}-2"` }],
    ["a weak ETag", { ...S3, etag: `W/"${hex("md5")}"` }],
    ["the ETag of what KMS has encrypted", { ...S3, "x-amz-server-side-encryption": "aws:kms" }],
    [
      "the ETag of what a customer has encrypted",
      { ...S3, "x-amz-server-side-encryption-customer-algorithm": "AES256" },
    ],
    ["the ETag of S3 Express", { ...S3, "x-amz-storage-class": "EXPRESS_ONEZONE" }],
  ])("is not taken from %s", (_what, headers) => {
    expect(announcedDigests(headers)).toEqual([]);
  });
});

it("a body is refused if one of its digests is another one, and the reason names the header", () => {
  const announced = announcedDigests({ "content-md5": b64("md5"), "repr-digest": `sha-256=:${b64("sha256")}:` });
  const digests = { sha256: hex("sha256"), md5: hex("md5") };
  expect(() => refuseOtherThanAnnounced(announced, digests)).not.toThrow();
  expect(() => refuseOtherThanAnnounced(announced, { ...digests, md5: "0".repeat(32) })).toThrow(
    expect.objectContaining({ name: "OriginDigestError", reason: "origin_digest_mismatch:content-md5" }),
  );
  expect(() => refuseOtherThanAnnounced(announced, { sha256: hex("sha256") })).toThrow("content-md5");
});
