import pMap from "p-map";
import type { ListedObject, ListedPage } from "../../adapters/aws/s3/listed-content.ts";
import type { Indexed, IndexPage } from "../../adapters/aws/operators/scanned-index.ts";
import type { DocumentDeps } from "../../core/document/change-document.ts";
import { contentKey, hashItemKey } from "../../core/model/keys.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { type Lines, printerOf } from "../shared/lines.ts";
import type { AddressesOf } from "../shared/stack.ts";
import { plural } from "../shared/words.ts";
import type { VerifyArguments } from "./arguments.ts";

export interface VerifyDeps {
  readonly addressesOf: AddressesOf;
  readonly clock: Clock;
  /** Opens the table of that name with the caller's own permissions. */
  readonly tableOf: (table: string) => DocumentDeps;
  readonly indexPage: (table: string, from?: string) => Promise<IndexPage>;
  readonly contentPage: (bucket: string, from?: string) => Promise<ListedPage>;
  /** Undefined: there is no such object. */
  readonly bytesOf: (bucket: string, key: string) => Promise<number | undefined>;
}

/** A worker stores the content first and indexes it then. A crash between the two is mended within minutes. */
const INDEXED_WITHIN_MS = 3_600_000;
const REQUESTS_AT_A_TIME = 64;

type Report = ReturnType<typeof printerOf>;

/** @returns whether everything that is indexed is there. */
export async function verify(args: VerifyArguments, { print }: Pick<Lines, "print">, deps: VerifyDeps) {
  const { contentBucket, table } = await deps.addressesOf(args.stack);
  const report = printerOf(args.json === true, print);
  const index = await compareIndex(deps, { bucket: contentBucket, table }, report);
  const bucket = await compareBucket(deps, { bucket: contentBucket, table }, report);
  const isWhole = index.missing + index.size === 0;
  const found = `${plural(index.missing, "object")} missing, ${index.size} of another size, ${bucket.unindexed} unindexed.`;
  const looked = `${plural(index.entries, "entry", "entries")} of the index, ${plural(bucket.objects, "object")} of ${contentBucket}.`;
  const { readUnits: read_units, ...counts } = index;
  report([`${looked} ${found} Read for ${plural(read_units, "read unit")}.`], "summary", {
    ...counts,
    ...bucket,
    read_units,
    is_whole: isWhole,
  });
  return isWhole;
}

interface Compared {
  readonly bucket: string;
  readonly table: string;
}

async function compareIndex({ bytesOf, indexPage }: VerifyDeps, { bucket, table }: Compared, report: Report) {
  const counts = { entries: 0, missing: 0, size: 0, readUnits: 0 };
  const look = async ({ bytes, jobId, key }: Indexed): Promise<void> => {
    const there = await bytesOf(bucket, key);
    if (there === bytes) return;
    const what = there === undefined ? "missing" : "size";
    counts[what] += 1;
    const of = there === undefined ? "" : `  ${there} bytes instead of ${bytes}`;
    report([`${what.padEnd(9)}  ${key}  ${jobId}${of}`], what, { key, job_id: jobId, bytes, there: there ?? null });
  };
  let from: string | undefined;
  do {
    const { entries, next, readUnits } = await indexPage(table, from);
    await pMap(entries, look, { concurrency: REQUESTS_AT_A_TIME });
    counts.entries += entries.length;
    counts.readUnits += readUnits;
    from = next;
  } while (from !== undefined);
  return counts;
}

async function compareBucket({ clock, contentPage, tableOf }: VerifyDeps, { bucket, table }: Compared, report: Report) {
  const { items } = tableOf(table);
  const counts = { objects: 0, unindexed: 0 };
  let from: string | undefined;
  do {
    const { next, objects } = await contentPage(bucket, from);
    const known = await items.readMany(objects.flatMap(({ key }) => indexKeyOf(key) ?? []));
    for (const each of objects) {
      counts.objects += 1;
      if (known.has(indexKeyOf(each.key) ?? "") || isUnderWay(each, clock.nowMs())) continue;
      counts.unindexed += 1;
      report([`unindexed  ${each.key}  ${each.bytes} bytes`], "unindexed", { key: each.key, bytes: each.bytes });
    }
    from = next;
  } while (from !== undefined);
  return counts;
}

const isUnderWay = ({ modifiedAtMs }: ListedObject, nowMs: number): boolean => nowMs - modifiedAtMs < INDEXED_WITHIN_MS;

/** @returns undefined for an object that is not named by a hash. */
function indexKeyOf(key: string): string | undefined {
  const sha256 = key.slice(key.lastIndexOf("/") + 1);
  return contentKey(sha256) === key ? hashItemKey(sha256) : undefined;
}
