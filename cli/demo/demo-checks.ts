import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline as pipe } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { s3Staging } from "../../adapters/aws/s3-staging.ts";
import { jobIdOfStagingKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import type { Origin } from "../../local/origin/server.ts";
import type { Pipeline } from "../../local/pipeline.ts";
import { BIG_FILE, DEMO_FILES, MISSING_FILE } from "./demo-files.ts";
import { formatBytes } from "../../local/shared/words.ts";
import type { JobResult } from "../download/results.ts";

/** A claim of the demo, and whether it holds. */
export interface Check {
  readonly claim: string;
  readonly holds: boolean;
}

const MIB = 1024 * 1024;
const PART_BYTES = 8 * MIB;
/** Bytes that the origin may write into a connection before it notices that the worker is gone. */
const WRITTEN_TO_NOBODY_BYTES = 4 * MIB;
const LONGEST_SECOND_DELIVERY_MS = 15_000;
const STAGING_LISTED = 1000;

/** Sends every message again while the pipeline runs. Finished jobs must cause no request to the origin. */
export async function deliverAgain(
  pipeline: Pipeline,
  origin: Origin,
  messages: readonly JobMessage[],
): Promise<Check> {
  const requestsBefore = origin.requests.length;
  const { inFlight: held } = await pipeline.depth();
  await pipeline.submit(messages);
  const endMs = Date.now() + LONGEST_SECOND_DELIVERY_MS;
  let left: number;
  do {
    await sleep(200);
    const { visible, delayed, inFlight } = await pipeline.depth();
    left = visible + delayed + Math.max(0, inFlight - held);
  } while (left > 0 && Date.now() < endMs);
  const requests = origin.requests.length - requestsBefore;
  return {
    claim: `all ${messages.length} messages were delivered a second time: ${requests} requests to the origin`,
    holds: left === 0 && requests === 0,
  };
}

export async function checkStaging(pipeline: Pipeline, jobIds: ReadonlySet<string>): Promise<Check> {
  const { found } = await s3Staging(pipeline.clients.s3, pipeline.names.stagingBucket).litter(
    undefined,
    STAGING_LISTED,
  );
  const left = found.filter(({ key }) => jobIds.has(jobIdOfStagingKey(key))).length;
  return { claim: `${left} staging objects are left over`, holds: left === 0 };
}

const isAsExpected = ({ artifact_id, state, reason }: JobResult): boolean =>
  artifact_id === MISSING_FILE.name
    ? state === "FAILED" && reason === "http_404"
    : state === "INDEXED" || state === "DEDUPED";

export function checkStates(results: readonly JobResult[]): Check {
  const wrong = results.filter((result) => !isAsExpected(result));
  const names = wrong.map(({ artifact_id, state }) => `${artifact_id} is ${state}`).join(", ");
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
  const kept = results.filter(({ artifact_id }) => artifact_id !== MISSING_FILE.name);
  for (const { artifact_id, key } of kept) {
    const file = files.get(artifact_id);
    const isSame = file && key !== null && (await sha256OfFile(join(outDir, "content", key))) === originSha256(file);
    if (!isSame) wrong.push(artifact_id);
  }
  return {
    claim:
      wrong.length === 0
        ? `every file on disk is byte for byte what the origin has (${kept.length} SHA-256 digests compared)`
        : `not what the origin has: ${wrong.join(", ")}`,
    holds: wrong.length === 0,
  };
}

/** @param writes key of the content object for each write of one, so a repeated write repeats the key. */
export function checkCopies(results: readonly JobResult[], writes: readonly string[]): Check {
  const distinct = new Set(results.flatMap(({ key }) => (key === null ? [] : [key])));
  const repeated = writes.length - new Set(writes).size;
  const there = distinct.size - new Set(writes).size;
  return {
    claim:
      `${distinct.size} distinct contents: ${writes.length} content objects written, ${repeated} of them twice` +
      (there > 0 ? `, ${there} were there from an earlier run` : ""),
    holds: repeated === 0 && writes.every((key) => distinct.has(key)),
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
