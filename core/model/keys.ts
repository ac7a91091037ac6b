import { present } from "./present.ts";
import { hash } from "node:crypto";
import type { Value } from "./write.ts";
import type { OperationType } from "./operations.ts";
import { canonicalUrl } from "./url.ts";

/** Version of the key derivation. Changing it makes every job a new job. */
const KEY_VERSION = 1;
/** Shards of the watch index: all of them are read, and a setting says to how many workers write. */
export const MOST_WATCH_SHARDS = 64;
/** Every release reads the first of the shards. */
export const FEWEST_WATCH_SHARDS = 8;
/** Name of the sparse index over `watch_shard` and `watch_at`. */
export const WATCH_INDEX = "watch";

/** JSON with sorted keys and no white space: equal values have equal text in every process and language. */
export function canonicalJson(value: Value): string {
  if (Array.isArray(value)) return `[${value.map((entry: Value) => canonicalJson(entry)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const map = value as Readonly<Record<string, Value>>;
    const fields = Object.keys(map)
      .sort()
      .map((name) => `${JSON.stringify(name)}:${canonicalJson(map[name] ?? null)}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value);
}

const sha256Of = (value: Value): string => hash("sha256", canonicalJson(value));

export interface JobIdentity {
  readonly work_id: string;
  readonly artifact_id: string;
  readonly url: string;
  /** Stands in the key in the place of the URL. */
  readonly identity?: string | undefined;
  /** Each one is a generation of the job, and a job of its own. */
  readonly refresh?: string | undefined;
}

/** 64 hex digits. Messages with the same key are the same job. */
export const jobKeyOf = ({ work_id, artifact_id, url, identity, refresh }: JobIdentity): string =>
  sha256Of({
    v: KEY_VERSION,
    kind: "JOB",
    work_id,
    artifact_id,
    ...(identity === undefined ? { url: canonicalUrl(url) } : { identity }),
    ...(refresh !== undefined && { refresh }),
  });

/** 32 hex digits: the first 128 bits of the job key. A producer can compute the id without asking. */
export const jobIdOfKey = (jobKey: string): string => jobKey.slice(0, 32);
export const jobIdOf = (identity: JobIdentity): string => jobIdOfKey(jobKeyOf(identity));

/** The same, in half of the time, where the URL is a canonical one and there is neither an identity nor a refresh. */
export const jobIdOfCanonical = ({ work_id, artifact_id, url }: JobIdentity): string =>
  jobIdOfKey(hash("sha256", JSON.stringify({ artifact_id, kind: "JOB", url, v: KEY_VERSION, work_id })));

/** 32 hex digits: 128 bits tell the operations of one job apart, and the record must stay under 1 KB. */
export const operationKeyOf = (kind: OperationType, jobId: string, context: Readonly<Record<string, string>>): string =>
  sha256Of({ v: KEY_VERSION, kind, job_id: jobId, ...context }).slice(0, 32);

export const jobItemKey = (jobId: string): string => `JOB#${jobId}`;
export const hashItemKey = (sha256: string): string => `HASH#${sha256}`;
/** Names the newest generation of a file that was refreshed. */
export const generationsItemKey = (firstId: string): string => `GEN#${firstId}`;
export const jobIdOfItemKey = (key: string): string => key.slice("JOB#".length);

export const contentKey = (sha256: string): string => `sha256/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;

const STAGING_PREFIX = "staging/";
/** Each chain of attempts has its own staging object, so that no other attempt can write to it. */
export const stagingKey = (jobId: string, stagedBy: string): string => `${STAGING_PREFIX}${jobId}/${stagedBy}`;
export const jobIdOfStagingKey = (key: string): string =>
  present(key.slice(STAGING_PREFIX.length).split("/")[0], "the first piece of a split text");

/** All that a record may be in, whichever release wrote it, and under whichever setting. */
export const watchShards = (): readonly number[] => Array.from({ length: MOST_WATCH_SHARDS }, (_, shard) => shard);
export const watchShardOf = (jobId: string, shards: number): number => Number.parseInt(jobId.slice(0, 8), 16) % shards;
