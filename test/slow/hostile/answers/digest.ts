import { createHash, hash } from "node:crypto";
import { crc32 } from "node:zlib";

export const base64 = (algorithm: string, body: Uint8Array): string =>
  createHash(algorithm).update(body).digest("base64");
export const md5 = (body: Uint8Array): string => base64("md5", body);
export const md5Hex = (body: Uint8Array): string => hash("md5", body);
export const reprDigest = (body: Uint8Array): string => `Repr-Digest: sha-256=:${base64("sha256", body)}:`;

const fourBytes = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
};
export const crc32Base64 = (body: Uint8Array): string => fourBytes(crc32(body));

/** Castagnoli's polynomial, with its bits reversed. */
const CASTAGNOLI = 0x82f63b78;

export function crc32cBase64(body: Uint8Array): string {
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  }
  return fourBytes((crc ^ 0xffffffff) >>> 0);
}
