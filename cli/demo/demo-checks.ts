import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline as pipe } from "node:stream/promises";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import type { Origin } from "../../local/origin/server.ts";
import type { LocalRun } from "../../local/run/local-run.ts";
import { BIG_FILE, DEMO_FILES, MISSING_FILE } from "./demo-files.ts";
import { formatBytes } from "../shared/words.ts";
import type { JobResult } from "../../local/run/results-file.ts";

/** A claim of the demo, and whether it holds. */
export interface Check {
  readonly claim: string;
  readonly holds: boolean;
}

const MIB = 1024 * 1024;
const PART_BYTES = 8 * MIB;
/** Bytes that the origin may write into a connection before it notices that the worker is gone. */
const WRITTEN_TO_NOBODY_BYTES = 4 * MIB;

/** Delivers every message again while the workers run. Finished jobs must cause no request to the origin. */
export async function checkSecondDelivery(run: LocalRun, origin: Origin): Promise<Check> {
  const requestsBefore = origin.requests.length;
  await run.deliverAgain();
  const requests = origin.requests.length - requestsBefore;
  return {
    claim: `all ${run.lines.jobs} messages were delivered a second time: ${requests} requests to the origin`,
    holds: requests === 0,
  };
}

export async function checkStaging({ workspace: { folders } }: LocalRun): Promise<Check> {
  const left = (await readdir(folders.staging)).length;
  return { claim: `${left} staging files are left over`, holds: left === 0 };
}

/** The name of the origin's file that a result is about. */
const fileOf = ({ url }: JobResult): string => decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");

const isAsExpected = (result: JobResult): boolean =>
  fileOf(result) === MISSING_FILE.name
    ? result.state === "FAILED" && result.reason === "http_404"
    : result.state === "INDEXED" || result.state === "DEDUPED";

export function checkStates(results: readonly JobResult[]): Check {
  const wrong = results.filter((result) => !isAsExpected(result));
  const names = wrong.map((result) => `${fileOf(result)} is ${result.state}`).join(", ");
  return {
    claim:
      wrong.length === 0
        ? `${results.length - 1} files are there, and ${MISSING_FILE.name}, which does not exist, FAILED as it should`
        : `not as expected: ${names}`,
    holds: wrong.length === 0,
  };
}

export async function checkContent(outDir: string, results: readonly JobResult[]): Promise<Check> {
  const files = new Map<string, OriginFile>(DEMO_FILES.map((file) => [file.name, file]));
  const wrong: string[] = [];
  const kept = results.filter((result) => fileOf(result) !== MISSING_FILE.name);
  for (const result of kept) {
    const { key } = result;
    const file = files.get(fileOf(result));
    const isSame = file && key !== null && (await sha256OfFile(join(outDir, "content", key))) === originSha256(file);
    if (!isSame) wrong.push(fileOf(result));
  }
  return {
    claim:
      wrong.length === 0
        ? `every file on disk is byte for byte what the origin has (${kept.length} SHA-256 digests compared)`
        : `not what the origin has: ${wrong.join(", ")}`,
    holds: wrong.length === 0,
  };
}

/** Each content is stored once: by the job that is INDEXED. All others with the same content are DEDUPED. */
/** The files below `content/`; 0 before the first run. */
export async function countContents(outDir: string): Promise<number> {
  const folder = join(outDir, "content");
  if (!existsSync(folder)) return 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

/** @param before the files below `content/` when the run began: an earlier demo may have stored the same contents. */
export async function checkCopies(outDir: string, results: readonly JobResult[], before: number): Promise<Check> {
  const distinct = new Set(results.flatMap(({ key }) => (key === null ? [] : [key])));
  const indexed = results.filter(({ state }) => state === "INDEXED").length;
  const files = await countContents(outDir);
  return {
    claim: `${distinct.size} distinct contents: ${files} files below content/, ${indexed} jobs INDEXED, the others DEDUPED`,
    holds: files >= distinct.size && files === before + indexed,
  };
}

export const sentOfBigFile = (origin: Origin): number =>
  origin.requestsOf(BIG_FILE).reduce((sum, { bytes }) => sum + bytes, 0);

/** @param inFlightBytes sent by the origin, but not staged when the worker was killed; undefined if none was killed. */
export function checkRefetched(origin: Origin, inFlightBytes: number | undefined): Check {
  if (inFlightBytes === undefined) return { claim: "no worker was killed", holds: false };
  const again = sentOfBigFile(origin) - BIG_FILE.size;
  return {
    claim:
      `of ${formatBytes(BIG_FILE.size)}, ${formatBytes(again)} had to be sent again: ` +
      `no more than one part of 8 MiB and the bytes in flight`,
    holds: again <= PART_BYTES + inFlightBytes + WRITTEN_TO_NOBODY_BYTES,
  };
}

async function sha256OfFile(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipe(createReadStream(path), hash);
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}
