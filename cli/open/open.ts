import type { DocumentDeps } from "../../core/document/change-document.ts";
import { contentKey, jobItemKey } from "../../core/model/keys.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { STORED_STATES } from "../../core/model/states.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { absenceOf } from "../shared/absence.ts";
import type { AddressesOf } from "../shared/stack.ts";
import { fileLabel } from "../shared/words.ts";
import { TYPED } from "../terminal/typed.ts";
import type { OpenArguments } from "./arguments.ts";

/** An object, the name under which it is saved, and how long its address is valid. */
export interface Signed {
  readonly bucket: string;
  readonly key: string;
  readonly fileName: string;
  readonly validForMs: number;
}

export interface OpenDeps {
  readonly addressesOf: AddressesOf;
  readonly clock: Clock;
  /** Opens the table of that name with the caller's own permissions. */
  readonly tableOf: (table: string) => DocumentDeps;
  /** Makes the address. It asks nobody. */
  readonly sign: (object: Signed) => Promise<string>;
}

/** @returns the address of the job's file, or that and more as JSON. @throws Error if the job has no content. */
export async function open(args: OpenArguments, { addressesOf, clock, sign, tableOf }: OpenDeps): Promise<string> {
  const { stack, validForMs } = args;
  const { contentBucket: bucket, table } = await addressesOf(stack);
  const item = await tableOf(table).items.read(jobItemKey(args.jobId));
  if (!item) throw new Error(absenceOf(args));
  const job = decodeJob(item);
  const { transfer } = job;
  if (!isStored(job) || !transfer) throw new Error(lackOf(job, stack));
  const { bytes, fileName = fileLabel(job.url), sha256 } = transfer;
  const key = contentKey(sha256);
  const atMs = clock.nowMs();
  const address = await sign({ bucket, key, fileName, validForMs });
  if (!args.json) return address;
  const validUntilMs = atMs + validForMs;
  const file = { bucket, key, bytes, sha256, file_name: fileName };
  return JSON.stringify({ job_id: job.jobId, address, valid_until_ms: validUntilMs, ...file }, null, 2);
}

const isStored = ({ state }: JobRecord): boolean => (STORED_STATES as readonly string[]).includes(state);

const lackOf = ({ jobId, reason, state }: JobRecord, stack: string): string =>
  state === "FAILED"
    ? `The job ${jobId} has failed with ${reason ?? "no reason on record"}, so there is no file. Give it another ` +
      `chance: ${TYPED} redrive failed --stack ${stack}.`
    : `The job ${jobId} is ${state}: its file is not stored yet. What happens next: ${TYPED} timeline ${jobId} --stack ${stack}.`;
