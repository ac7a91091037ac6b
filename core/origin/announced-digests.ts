/** The digests that an origin announces of a whole body, in all the forms that are in use. */
import { parseDictionary } from "structured-headers";
import type { Algorithm, DigestsByAlgorithm } from "../ports/digests.ts";
import { RetryableError } from "../model/errors.ts";

type Headers = Readonly<Record<string, string>>;

export interface AnnouncedDigest {
  readonly algorithm: Algorithm;
  /** Hexadecimal digits, in lower case. */
  readonly hex: string;
  /** The header that announced it, in lower case. */
  readonly source: string;
}

/** The body is not what the origin says it serves: it is fetched anew. */
export class OriginDigestError extends RetryableError {
  override readonly name: string = "OriginDigestError";

  constructor({ source }: AnnouncedDigest) {
    super(`origin_digest_mismatch:${source}`);
  }
}

/** @throws OriginDigestError when a digest that was announced is not the body's. */
export function refuseOtherThanAnnounced(announced: readonly AnnouncedDigest[], digests: DigestsByAlgorithm): void {
  for (const each of announced) if (digests[each.algorithm] !== each.hex) throw new OriginDigestError(each);
}

const BYTES: Readonly<Record<Algorithm, number>> = {
  sha256: 32,
  sha512: 64,
  sha1: 20,
  md5: 16,
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
};

/** The names in RFC 9530 and RFC 3230, in Google's header and in Amazon's. */
const NAMES: Readonly<Record<string, Algorithm>> = {
  "sha-256": "sha256",
  "sha-512": "sha512",
  sha: "sha1",
  md5: "md5",
  crc32c: "crc32c",
};

const AMAZON: readonly Algorithm[] = ["sha256", "sha1", "crc32", "crc32c", "crc64nvme"];

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Empty if the bytes are not a digest of the algorithm. */
function digestOf(bytes: Uint8Array, algorithm: Algorithm | undefined, source: string): readonly AnnouncedDigest[] {
  if (algorithm === undefined || bytes.length !== BYTES[algorithm]) return [];
  return [{ algorithm, hex: hexOf(bytes), source }];
}

function digestIn(text: string, algorithm: Algorithm | undefined, source: string): readonly AnnouncedDigest[] {
  const trimmed = text.trim();
  if (!BASE64.test(trimmed)) return [];
  return digestOf(
    Uint8Array.from(atob(trimmed), (character) => character.charCodeAt(0)),
    algorithm,
    source,
  );
}

/** `sha-256=:base64:, sha-512=:base64:` (RFC 9530). */
function fromDictionary(headers: Headers, source: string): readonly AnnouncedDigest[] {
  try {
    return [...parseDictionary(headers[source] ?? "")].flatMap(([name, [value]]) =>
      value instanceof ArrayBuffer ? digestOf(new Uint8Array(value), NAMES[name], source) : [],
    );
  } catch {
    return [];
  }
}

/** `SHA-256=base64,MD5=base64` (RFC 3230), and Google's header. */
const fromPairs = (headers: Headers, source: string): readonly AnnouncedDigest[] =>
  (headers[source] ?? "").split(",").flatMap((pair) => {
    const [name = "", ...value] = pair.split("=");
    return digestIn(value.join("="), NAMES[name.trim().toLowerCase()], source);
  });

/** Google decodes some objects on the way. Its hashes are those of what it has stored. */
function fromGoogle(headers: Headers): readonly AnnouncedDigest[] {
  const stored = headers["x-goog-stored-content-encoding"] ?? "identity";
  return stored === (headers["content-encoding"] ?? "identity") ? fromPairs(headers, "x-goog-hash") : [];
}

/** A checksum of checksums of parts is none of the body: its value ends in the number of parts. */
const fromAmazon = (headers: Headers): readonly AnnouncedDigest[] =>
  AMAZON.flatMap((algorithm) => {
    const source = `x-amz-checksum-${algorithm}`;
    return headers["x-amz-checksum-type"] === "COMPOSITE" ? [] : digestIn(headers[source] ?? "", algorithm, source);
  });

/** Encrypted with a key of KMS or of the customer, an object's ETag is no MD5; nor is that of S3 Express. */
function fromS3Etag(headers: Headers): readonly AnnouncedDigest[] {
  const [, hex] = /^"([0-9a-f]{32})"$/.exec(headers["etag"]?.trim() ?? "") ?? [];
  const isS3 = headers["x-amz-request-id"] !== undefined && (headers["server"] ?? "AmazonS3") === "AmazonS3";
  const isKept =
    headers["x-amz-server-side-encryption"]?.startsWith("aws:kms") !== true &&
    headers["x-amz-server-side-encryption-customer-algorithm"] === undefined &&
    headers["x-amz-storage-class"] !== "EXPRESS_ONEZONE";
  return hex !== undefined && isS3 && isKept ? [{ algorithm: "md5", hex, source: "etag" }] : [];
}

/** Digests of the bytes that the answer carries. What is not in form, or of an unknown algorithm, is left aside. */
export function announcedDigests(headers: Headers): readonly AnnouncedDigest[] {
  return [
    ...fromDictionary(headers, "repr-digest"),
    ...fromDictionary(headers, "content-digest"),
    ...fromPairs(headers, "digest"),
    ...digestIn(headers["content-md5"] ?? "", "md5", "content-md5"),
    ...fromGoogle(headers),
    ...fromAmazon(headers),
    ...fromS3Etag(headers),
  ];
}
