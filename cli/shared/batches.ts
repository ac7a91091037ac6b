import type { StackAddresses } from "../../adapters/aws/operators/stack-outputs.ts";
import { batchItemKey, type BatchRecord, decodeBatch } from "../../core/batches/batch-record.ts";
import type { BatchFiles } from "../../core/ports/batch-files.ts";
import type { Items, JobPages } from "../../core/ports/items.ts";
import { batchPages } from "../../core/batches/batch-pages.ts";
import type { DocumentDeps } from "../../core/document/change-document.ts";
import type { Item } from "../../core/model/write.ts";
import type { AddressesOf } from "./stack.ts";
import { TYPED } from "../terminal/typed.ts";

/** The files of a deployment's batches. */
interface StoredBatches {
  readonly files: BatchFiles;
  /** Of all batches. */
  ids(): Promise<readonly string[]>;
}

/** @throws Error if the deployment makes no batches. */
export function bucketOf({ batchesBucket, stack }: StackAddresses): string {
  if (batchesBucket !== undefined) return batchesBucket;
  throw new Error(`The stack ${stack} has no output BatchesBucketName: its release makes no batches. Deploy this one.`);
}

/** @throws Error if there is no such batch. */
export async function batchNamed(items: Pick<Items, "read">, id: string, stack: string): Promise<BatchRecord> {
  const item = await items.read(batchItemKey(id));
  if (item) return decodeBatch(item);
  throw new Error(`There is no batch ${id} in ${stack}. Those that there are: ${TYPED} batch list --stack ${stack}.`);
}

export interface BatchJobsDeps {
  readonly addressesOf: AddressesOf;
  /** Opens the table of that name with the caller's own permissions. */
  readonly tableOf: (table: string) => DocumentDeps;
  /** In the bucket of that name. */
  readonly batchesIn: (bucket: string) => StoredBatches;
}

/** The records of a batch's jobs that are selected. @throws Error if there is no such batch. */
export async function jobsOfBatch(
  { addressesOf, batchesIn, tableOf }: BatchJobsDeps,
  stack: string,
  id: string,
  isSelected: (item: Item) => boolean,
): Promise<JobPages> {
  const addresses = await addressesOf(stack);
  const { items } = tableOf(addresses.table);
  const found = await batchNamed(items, id, stack);
  return batchPages(items, batchesIn(bucketOf(addresses)).files, found, isSelected);
}
