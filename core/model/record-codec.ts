/** Translates job records between the stored names (snake_case) and the code's names. */
import type { Item, Value } from "./write.ts";
import { DamagedRecordError } from "./errors.ts";
import { jobIdOfItemKey } from "./keys.ts";
import { jobOrder, type JobOrder } from "./order.ts";
import { OPERATION_TYPES, type OperationResult, type OperationType } from "./operations.ts";
import type {
  Checkpoint,
  FailureClass,
  JobRecord,
  OperationRecord,
  OriginFacts,
  Published,
  Transfer,
} from "./record.ts";
import { isJobState } from "./states.ts";

/** INDEX and DEDUPE share an attribute, because a job does only one of them. */
const OPERATION_ATTRIBUTES = {
  HEAD: "op_head",
  STREAM: "op_stream",
  FINALIZE: "op_finalize",
  INDEX: "op_index",
  DEDUPE: "op_index",
} as const satisfies Record<OperationType, string>;

export const operationAttribute = (type: OperationType): string => OPERATION_ATTRIBUTES[type];

export const encodeOperation = (type: OperationType, record: OperationRecord): Value => ({
  type,
  key: record.key,
  status: record.status,
  fence: record.fence,
  at: record.atMs,
  ...(record.result && { result: record.result }),
});

/** Absent where the origin says nothing of the kind, and in records of older releases. */
const FACTS = {
  fileName: "file_name",
  finalUrl: "final_url",
  originEtag: "origin_etag",
  lastModified: "last_modified",
  contentEncoding: "content_encoding",
  decodedFrom: "decoded_from",
  digestSource: "digest_source",
} as const satisfies Record<keyof Omit<OriginFacts, "contentType">, string>;
const FACT_NAMES = Object.entries(FACTS) as [keyof typeof FACTS, string][];

const encodeFacts = (facts: OriginFacts): Readonly<Record<string, string>> => {
  const fields: Record<string, string> = { content_type: facts.contentType };
  for (const [name, field] of FACT_NAMES) {
    const value = facts[name];
    if (value !== undefined) fields[field] = value;
  }
  return fields;
};

export const encodeCheckpoint = (checkpoint: Checkpoint): Value => ({
  staged_by: checkpoint.stagedBy,
  ...(checkpoint.mirror !== undefined && { mirror: checkpoint.mirror }),
  upload_id: checkpoint.uploadId,
  validator: checkpoint.validator,
  total_bytes: checkpoint.totalBytes,
  offset: checkpoint.offset,
  hash_state: checkpoint.hashState,
  parts_digest: checkpoint.partsDigest,
  ...encodeFacts(checkpoint),
  ...(checkpoint.announced && { announced: [...checkpoint.announced] }),
});

type Fields = Readonly<Record<string, Value | undefined>>;

class FieldError extends Error {
  constructor(field: string, expected: string, value: Value | undefined) {
    super(`its field ${field} is ${JSON.stringify(value)}, where ${expected} is expected`);
  }
}

const isMap = (value: Value | undefined): value is Readonly<Record<string, Value>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function mapIn(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (!isMap(value)) throw new FieldError(name, "a map", value);
  return value;
}
function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new FieldError(name, "text", value);
  return value;
}
function numberIn(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number") throw new FieldError(name, "a number", value);
  return value;
}

function factsIn(fields: Fields): OriginFacts {
  const facts: Partial<Record<keyof typeof FACTS, string>> = {};
  for (const [name, field] of FACT_NAMES) if (fields[field] !== undefined) facts[name] = textIn(fields, field);
  return { contentType: textIn(fields, "content_type"), ...facts };
}

/** A newer release may have written fields that this one does not know. They are left out. */
function orderIn(fields: Fields, name: string): JobOrder {
  const parsed = jobOrder.safeParse(fields[name]);
  if (!parsed.success) throw new FieldError(name, "what a message may say", fields[name]);
  return parsed.data;
}

function announcedIn(fields: Fields): { readonly announced?: readonly string[] } {
  const value = fields["announced"];
  if (value === undefined) return {};
  if (!Array.isArray(value)) throw new FieldError("announced", "a list", value);
  return { announced: value.map(String) };
}

function decodeCheckpoint(fields: Fields): Checkpoint {
  return {
    stagedBy: textIn(fields, "staged_by"),
    ...(fields["mirror"] !== undefined && { mirror: textIn(fields, "mirror") }),
    uploadId: textIn(fields, "upload_id"),
    validator: textIn(fields, "validator"),
    totalBytes: numberIn(fields, "total_bytes"),
    offset: numberIn(fields, "offset"),
    hashState: textIn(fields, "hash_state"),
    partsDigest: textIn(fields, "parts_digest"),
    ...factsIn(fields),
    ...announcedIn(fields),
  };
}

const isPublished = (value: Value | undefined): value is Published => value === "created" || value === "exists";

/** Decodes STREAM's result. */
export function decodeTransfer(result: Fields): Transfer {
  return {
    sha256: textIn(result, "sha256"),
    bytes: numberIn(result, "bytes"),
    stagedBy: textIn(result, "staged_by"),
    etag: textIn(result, "etag"),
    ...(result["previous_job"] !== undefined && { previousJob: textIn(result, "previous_job") }),
    ...(result["unchanged"] === true && { isUnchanged: true }),
    ...(isPublished(result["placed"]) && { placed: result["placed"] }),
    ...factsIn(result),
  };
}

export const encodeTransfer = (transfer: Transfer): OperationResult => ({
  sha256: transfer.sha256,
  bytes: transfer.bytes,
  staged_by: transfer.stagedBy,
  etag: transfer.etag,
  ...(transfer.previousJob !== undefined && { previous_job: transfer.previousJob }),
  ...(transfer.isUnchanged && { unchanged: true }),
  ...(transfer.placed !== undefined && { placed: transfer.placed }),
  ...encodeFacts(transfer),
});

const OPERATION_STATUSES = ["STARTED", "DONE", "ABANDONED"] as const satisfies readonly OperationRecord["status"][];

function decodeOperation(fields: Fields): OperationRecord {
  const status = OPERATION_STATUSES.find((known) => known === fields["status"]);
  if (!status) throw new FieldError("status", `one of ${OPERATION_STATUSES.join(", ")}`, fields["status"]);
  const result = fields["result"] === undefined ? undefined : (mapIn(fields, "result") as OperationRecord["result"]);
  return {
    key: textIn(fields, "key"),
    status,
    fence: numberIn(fields, "fence"),
    atMs: numberIn(fields, "at"),
    ...(result && { result }),
  };
}

function decodeOperations(item: Item): JobRecord["operations"] {
  const operations: Partial<Record<OperationType, OperationRecord>> = {};
  for (const type of OPERATION_TYPES) {
    const value = item[operationAttribute(type)];
    if (isMap(value) && value["type"] === type) operations[type] = decodeOperation(value);
  }
  return operations;
}

/** @throws DamagedRecordError when the item is not a job record of this release, or is damaged. */
export function decodeJob(item: Item): JobRecord {
  try {
    return decodeFields(item);
  } catch (error) {
    throw error instanceof FieldError ? new DamagedRecordError(item, error.message) : error;
  }
}

function decodeFields(item: Item): JobRecord {
  const { state } = item;
  if (!isJobState(state)) throw new FieldError("state", "a job's state", state);
  const optional = <T>(name: string, read: (fields: Fields, name: string) => T): T | undefined =>
    item[name] === undefined ? undefined : read(item, name);
  const operations = decodeOperations(item);
  const checkpoint = optional("checkpoint", mapIn);
  const expectedSha256 = optional("expected_sha256", textIn);
  const order = optional("order", orderIn);
  const leaseOwner = optional("lease_owner", textIn);
  const availableAtMs = optional("available_at", numberIn);
  const heldSinceMs = optional("held_since", numberIn);
  const watchAtMs = optional("watch_at", numberIn);
  const reason = optional("reason", textIn);
  const failureClass = optional("failure_class", textIn) as FailureClass | undefined;
  const failedAtMs = optional("failed_at", numberIn);
  const transferResult = operations.STREAM?.result;
  return {
    jobId: jobIdOfItemKey(textIn(item, "pk")),
    workId: textIn(item, "work_id"),
    artifactId: textIn(item, "artifact_id"),
    url: textIn(item, "url"),
    state,
    fence: numberIn(item, "fence"),
    plannedAtMs: numberIn(item, "planned_at"),
    attempts: numberIn(item, "attempts"),
    strikes: numberIn(item, "strikes"),
    mostStagedBytes: optional("most_staged", numberIn) ?? 0,
    hops: optional("hops", numberIn) ?? 0,
    resumedBytes: optional("resumed_bytes", numberIn) ?? 0,
    operations,
    ...(item["lane"] === "long" && { isLong: true }),
    ...(expectedSha256 !== undefined && { expectedSha256 }),
    ...(order && { order }),
    ...(leaseOwner !== undefined && { leaseOwner }),
    ...(availableAtMs !== undefined && { availableAtMs }),
    ...(heldSinceMs !== undefined && { heldSinceMs }),
    ...(watchAtMs !== undefined && { watchAtMs }),
    ...(checkpoint && { checkpoint: decodeCheckpoint(checkpoint) }),
    ...(transferResult && { transfer: decodeTransfer(transferResult) }),
    ...(reason !== undefined && { reason }),
    ...(failureClass && { failureClass }),
    ...(failedAtMs !== undefined && { failedAtMs }),
  };
}
