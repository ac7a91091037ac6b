import type { OriginFile } from "../../local/origin/file.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A worker is killed in the middle of this file, which is slow enough to hit the middle. */
export const BIG_FILE: OriginFile = { name: "big-64-MiB.bin", size: 64 * MIB, rate: 8 * MIB };

/** Does not exist at the origin, so its job must fail. */
export const MISSING_FILE: OriginFile = { name: "gone.pdf", size: 0, status: 404 };

const SMALL_FILES: readonly OriginFile[] = Array.from({ length: 22 }, (_, index) => ({
  name: `report-${String(index + 1).padStart(2, "0")}.pdf`,
  size: 700 + index * 37 * KIB,
  type: "application/pdf",
}));

const copyOf = (original: OriginFile, name: string): OriginFile => ({ ...original, name, content: original.name });

/** One file for each behaviour of real origins. */
export const DEMO_FILES: readonly OriginFile[] = [
  BIG_FILE,
  { name: "empty.txt", size: 0, type: "text/plain" },
  { name: "exactly-one-part-8-MiB.bin", size: 8 * MIB },
  { name: "one-byte-more.bin", size: 8 * MIB + 1 },
  { name: "torn-once-after-13-MiB.tar", size: 24 * MIB, tearAfter: 13 * MIB },
  { name: "no-ranges-12-MiB.iso", size: 12 * MIB, ranges: "ignored" },
  { name: "length-unknown.json", size: 3 * MIB, length: "chunked", type: "application/json" },
  { name: "head-refused.zip", size: 2 * MIB, headStatus: 405 },
  { name: "busy-twice.csv", size: 90 * KIB, failFirst: 2, failMethod: "GET", retryAfter: 1, type: "text/csv" },
  { name: "moved-twice.html", size: 40 * KIB, redirects: 2, type: "text/html" },
  { name: "weak-etag.html", size: 30 * KIB, validator: "weak", type: "text/html" },
  { name: "date-only.txt", size: 20 * KIB, validator: "last-modified", type: "text/plain" },
  { name: "no-validator.txt", size: 10 * KIB, validator: "none", type: "text/plain" },
  ...SMALL_FILES,
  ...SMALL_FILES.slice(0, 4).map((original) => copyOf(original, `copy-of-${original.name}`)),
  MISSING_FILE,
];
