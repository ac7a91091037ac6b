/** The one place where wire names (snake_case, as stored) meet the code's names. */
import type { Item, Value } from "./write.ts";
import { jobIdOfItemKey } from "./keys.ts";
import { OPERATION_TYPES, type OperationType } from "./operations.ts";
import type { Checkpoint, FailureClass, JobRecord, OperationRecord, Transfer } from "./record.ts";
import { isJobState } from "./states.ts";

/** INDEX and DEDUPE share a place: a job does one of them. */
export const operationAttribute = (type: OperationType): string =>
  type === "DEDUPE" ? "op_index" : `op_${type.toLowerCase()}`;

export const encodeOperation = (type: OperationType, record: OperationRecord): Value => ({
  type,
  key: record.key,
  status: record.status,
  fence: record.fence,
  at: record.atMs,
  ...(record.result && { result: record.result }),
});

export const encodeCheckpoint = (checkpoint: Checkpoint): Value => ({
  staged_by: checkpoint.stagedBy,
  upload_id: checkpoint.uploadId,
  validator: checkpoint.validator,
  total_bytes: checkpoint.totalBytes,
  offset: checkpoint.offset,
  hash_state: checkpoint.hashState,
  parts_digest: checkpoint.partsDigest,
  content_type: checkpoint.contentType,
});

type Fields = Readonly<Record<string, Value | undefined>>;

const fieldsOf = (value: Value | undefined): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
const text = (value: Value | undefined): string => (typeof value === "string" ? value : "");
const number = (value: Value | undefined): number => (typeof value === "number" ? value : 0);

function decodeCheckpoint(value: Value | undefined): Checkpoint | undefined {
  const fields = fieldsOf(value);
  return (
    fields && {
      stagedBy: text(fields["staged_by"]),
      uploadId: text(fields["upload_id"]),
      validator: text(fields["validator"]),
      totalBytes: number(fields["total_bytes"]),
      offset: number(fields["offset"]),
      hashState: text(fields["hash_state"]),
      partsDigest: text(fields["parts_digest"]),
      contentType: text(fields["content_type"]),
    }
  );
}

/** STREAM's result under the code's names. */
export function decodeTransfer(value: Value | undefined): Transfer | undefined {
  const fields = fieldsOf(value);
  return (
    fields && {
      sha256: text(fields["sha256"]),
      bytes: number(fields["bytes"]),
      contentType: text(fields["content_type"]),
      stagedBy: text(fields["staged_by"]),
      etag: text(fields["etag"]),
    }
  );
}

export const encodeTransfer = (transfer: Transfer): Readonly<Record<string, string | number>> => ({
  sha256: transfer.sha256,
  bytes: transfer.bytes,
  content_type: transfer.contentType,
  staged_by: transfer.stagedBy,
  etag: transfer.etag,
});

function decodeOperations(item: Item): JobRecord["operations"] {
  const operations: Partial<Record<OperationType, OperationRecord>> = {};
  for (const type of OPERATION_TYPES) {
    const fields = fieldsOf(item[operationAttribute(type)]);
    if (fields?.["type"] !== type) continue;
    const result = fieldsOf(fields["result"]) as OperationRecord["result"];
    operations[type] = {
      key: text(fields["key"]),
      status: text(fields["status"]) as OperationRecord["status"],
      fence: number(fields["fence"]),
      atMs: number(fields["at"]),
      ...(result && { result }),
    };
  }
  return operations;
}

/** @throws TypeError when the item is no job record. */
export function decodeJob(item: Item): JobRecord {
  const { state } = item;
  if (!isJobState(state))
    throw new TypeError(`Item ${text(item["pk"])} is no job record: its state is ${JSON.stringify(state)}`);
  const optional = <T>(name: string, decode: (value: Value | undefined) => T): T | undefined =>
    item[name] === undefined ? undefined : decode(item[name]);
  const operations = decodeOperations(item);
  const transfer = decodeTransfer(operations.STREAM?.result);
  const checkpoint = decodeCheckpoint(item["checkpoint"]);
  const expectedSha256 = optional("expected_sha256", text);
  const leaseOwner = optional("lease_owner", text);
  const availableAtMs = optional("available_at", number);
  const reason = optional("reason", text);
  const failureClass = optional("failure_class", text) as FailureClass | undefined;
  const failedAtMs = optional("failed_at", number);
  return {
    jobId: jobIdOfItemKey(text(item["pk"])),
    workId: text(item["work_id"]),
    artifactId: text(item["artifact_id"]),
    url: text(item["url"]),
    state,
    fence: number(item["fence"]),
    plannedAtMs: number(item["planned_at"]),
    attempts: number(item["attempts"]),
    strikes: number(item["strikes"]),
    hops: number(item["hops"]),
    resumedBytes: number(item["resumed_bytes"]),
    operations,
    ...(expectedSha256 !== undefined && { expectedSha256 }),
    ...(leaseOwner !== undefined && { leaseOwner }),
    ...(availableAtMs !== undefined && { availableAtMs }),
    ...(checkpoint && { checkpoint }),
    ...(transfer && { transfer }),
    ...(reason !== undefined && { reason }),
    ...(failureClass && { failureClass }),
    ...(failedAtMs !== undefined && { failedAtMs }),
  };
}
