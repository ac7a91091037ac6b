import { jobIdOfItemKey, jobIdOfStagingKey, jobItemKey, stagingKey } from "../../../core/model/keys.ts";
import type { Item } from "../../../core/model/write.ts";
import type { Staging } from "../../../core/ports/staging.ts";
import type { SimulatedBlobs } from "./blobs.ts";
import type { SimulatedItems } from "./items.ts";
import { shardsOf } from "./shards.ts";
import type { VirtualTime } from "./time.ts";

/** A failure that stays for the whole run, or for long. It concerns one job, one record or one shard. */
export type Lasting =
  /** S3 refuses the call for every key of one job. */
  | { readonly kind: "refused"; readonly jobId: string; readonly call: "put" | "part" | "complete" | "copy" }
  /** A virus scanner takes away what one job stages, each time, `afterMs` after it was staged. */
  | { readonly kind: "taken"; readonly jobId: string; readonly what: "object" | "upload"; readonly afterMs: number }
  /** A record of the table that this release cannot read. The watch index shows it; it may have staged something. */
  | {
      readonly kind: "poison";
      readonly record: keyof typeof POISON;
      readonly shard: number;
      readonly hasStaged: boolean;
    }
  /** One record of the table can be neither read by itself nor written. */
  | { readonly kind: "sick record"; readonly jobId: string; readonly afterMs: number; readonly forMs: number }
  /** One shard of the watch index cannot be queried. */
  | { readonly kind: "shard"; readonly shard: number; readonly forMs: number }
  /** The origin of one job cuts every body, and has another version at every second GET. */
  | { readonly kind: "restless origin"; readonly jobId: string; readonly afterBytes: number };

/** What the record has that no release has written so far, or lacks. */
const POISON = {
  "a newer state": { state: "ARCHIVED" },
  "a newer status of an operation": { op_head: { type: "HEAD", key: "k", status: "PAUSED", fence: 1, at: 0 } },
  "a fence that is text": { fence: "one" },
  "a failed job without a URL": { state: "FAILED", url: null, reason: "http_404", failure_class: "origin" },
} as const satisfies Readonly<Record<string, Item>>;
export const POISON_KINDS = Object.keys(POISON) as readonly (keyof typeof POISON)[];

/** No job id that is a hash ends like this. What such jobs have in staging must stay. */
const POISON_END = "f00d".repeat(6);
export const isPoison = (jobId: string): boolean => jobId.endsWith(POISON_END);
/** A job of another work: it only waits, and nothing of it may be removed. */
export const KEPT_ID = `00000000${POISON_END}`;
const poisonId = (shard: number): string => `${shard.toString(16).padStart(8, "0")}${POISON_END}`;

/** Whether what is still open may be open because of the failure. */
export function isAffected(lasting: Lasting | undefined, jobId: string): boolean {
  switch (lasting?.kind) {
    case "shard":
      return shardsOf(jobId).includes(lasting.shard);
    case "refused":
    case "taken":
    case "restless origin":
    case "sick record":
      return jobId === lasting.jobId;
    case "poison":
    case undefined:
      return false;
  }
}

/** The table as the failure leaves it. */
export function spoiledItems(items: SimulatedItems, lasting: Lasting | undefined, time: VirtualTime): SimulatedItems {
  if (lasting?.kind === "poison") void items.write(poisonWrite(lasting, time.nowMs));
  if (lasting?.kind === "sick record") return withSickRecord(items, lasting, time);
  if (lasting?.kind !== "shard") return items;
  const untilMs = time.nowMs + lasting.forMs;
  return {
    ...items,
    watched: async (shard, beforeMs, limit) => {
      if (shard === lasting.shard && time.nowMs < untilMs) throw named("InternalServerError");
      return items.watched(shard, beforeMs, limit);
    },
  };
}

function withSickRecord(
  items: SimulatedItems,
  { jobId, afterMs, forMs }: Lasting & { readonly kind: "sick record" },
  time: VirtualTime,
): SimulatedItems {
  const [sinceMs, untilMs] = [time.nowMs + afterMs, time.nowMs + forMs];
  const refuse = (key: string): void => {
    if (key === jobItemKey(jobId) && time.nowMs >= sinceMs && time.nowMs < untilMs) throw named("ThrottlingException");
  };
  return {
    ...items,
    read: async (key) => {
      refuse(key);
      return items.read(key);
    },
    write: async (write) => {
      refuse(write.key);
      return items.write(write);
    },
  };
}

const poisonWrite = ({ record, shard }: Lasting & { readonly kind: "poison" }, nowMs: number) => ({
  key: jobItemKey(poisonId(shard)),
  when: [[]],
  set: {
    work_id: "work",
    artifact_id: "poison",
    url: "https://origin.example/poison",
    state: "STREAMING",
    fence: 3,
    planned_at: nowMs,
    attempts: 1,
    strikes: 1,
    lease_owner: "a newer worker",
    available_at: nowMs,
    watch_at: nowMs,
    watch_shard: shard,
    ...POISON[record],
  },
});

/** The staging bucket and the content bucket as the failure leaves them. */
export function spoiledBlobs(blobs: SimulatedBlobs, lasting: Lasting | undefined, time: VirtualTime): SimulatedBlobs {
  if (lasting?.kind === "refused") return refusing(blobs, lasting);
  if (lasting?.kind === "taken") return { ...blobs, staging: taking(blobs, lasting, time) };
  if (lasting?.kind === "poison" && lasting.hasStaged)
    void blobs.staging.put(stagingKey(poisonId(lasting.shard), "1"), Buffer.from("kept"), "text/plain");
  return blobs;
}

function refusing(blobs: SimulatedBlobs, { jobId, call }: Lasting & { readonly kind: "refused" }): SimulatedBlobs {
  const { content, staging } = blobs;
  const refuse = (refused: typeof call, key: string): void => {
    if (refused === call && jobIdOfStagingKey(key) === jobId) throw named("InternalError");
  };
  const spoiledStaging: Staging = {
    ...staging,
    put: async (key, body, contentType) => {
      refuse("put", key);
      return staging.put(key, body, contentType);
    },
    uploadPart: async (upload, partNumber, body) => {
      if (partNumber > 1) refuse("part", upload.key);
      return staging.uploadPart(upload, partNumber, body);
    },
    completeUpload: async (upload, parts) => {
      refuse("complete", upload.key);
      return staging.completeUpload(upload, parts);
    },
  };
  const spoiledContent: SimulatedBlobs["content"] = {
    ...content,
    publish: async (staged, key, signal) => {
      refuse("copy", staged.key);
      return content.publish(staged, key, signal);
    },
  };
  return { ...blobs, staging: spoiledStaging, content: spoiledContent };
}

function taking(
  { staging, stagedObjects, uploads }: SimulatedBlobs,
  { jobId, what, afterMs }: Lasting & { readonly kind: "taken" },
  time: VirtualTime,
): Staging {
  const take = (key: string, from: Map<string, unknown>, id: string): void => {
    if (jobIdOfStagingKey(key) === jobId) time.plan(afterMs, () => from.delete(id));
  };
  return {
    ...staging,
    put: async (key, body, contentType) => {
      const put = await staging.put(key, body, contentType);
      if (what === "object") take(key, stagedObjects, key);
      return put;
    },
    uploadPart: async (upload, partNumber, body) => {
      const part = await staging.uploadPart(upload, partNumber, body);
      if (what === "upload" && partNumber > 1) take(upload.key, uploads, upload.uploadId);
      return part;
    },
    completeUpload: async (upload, parts) => {
      const completed = await staging.completeUpload(upload, parts);
      if (what === "object") take(upload.key, stagedObjects, upload.key);
      return completed;
    },
  };
}

const named = (name: string): Error => Object.assign(new Error(name), { name });
export const isPoisonKey = (itemKey: string): boolean => isPoison(jobIdOfItemKey(itemKey));
