import type { Item, Value } from "../../../core/model/write.ts";
import { Violation } from "./violation.ts";

type Fields = Readonly<Record<string, Value>> | undefined;

const mapAt = (item: Item | undefined, name: string): Fields => {
  const value = item?.[name];
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
};
const numberAt = (fields: Fields, name: string): number => {
  const value = fields?.[name];
  return typeof value === "number" ? value : 0;
};

const HAS_CONTENT = new Set<Value | undefined>(["FINALIZED", "INDEXED", "DEDUPED"]);

/** What a job has reached stays reached. Reopening is checked elsewhere. */
export function checkProgress(process: string, key: string, before: Item | undefined, after: Item): void {
  if (HAS_CONTENT.has(after["state"]) && mapAt(mapAt(after, "op_stream"), "result") === undefined)
    throw new Violation(`${process} made ${key} ${JSON.stringify(after["state"])}, but its record has no transfer`);
  checkCheckpoint(process, key, mapAt(before, "checkpoint"), mapAt(after, "checkpoint"));
  checkStrikes(process, key, before, after);
}

/** Within one upload, the checkpoint moves only forward. */
function checkCheckpoint(process: string, key: string, before: Fields, after: Fields): void {
  if (!before || !after || before["upload_id"] !== after["upload_id"]) return;
  if (numberAt(after, "offset") < numberAt(before, "offset"))
    throw new Violation(
      `${process} took the checkpoint of ${key} back from ${numberAt(before, "offset")} to ${numberAt(after, "offset")}`,
    );
}

/** A run that ends takes back what taking the lease had charged, and no more. */
function isGivenBack(before: Item | undefined, after: Item): boolean {
  const uncharged = (name: string): number => numberAt(before, name) - numberAt(after, name);
  const isReleased = before?.["lease_owner"] !== undefined && after["lease_owner"] === undefined;
  return isReleased && uncharged("strikes") === 1 && uncharged("attempts") === 1 && before["hops"] === after["hops"];
}

/** Apart from that, the retry budget starts anew only by progress: by a checkpoint ahead of the one before. */
function checkStrikes(process: string, key: string, before: Item | undefined, after: Item): void {
  if (numberAt(after, "strikes") >= numberAt(before, "strikes") || isGivenBack(before, after)) return;
  const [from, to] = [mapAt(before, "checkpoint"), mapAt(after, "checkpoint")];
  const isSameUpload = from?.["upload_id"] === to?.["upload_id"];
  if (!to || (from && !(isSameUpload && numberAt(to, "offset") > numberAt(from, "offset"))))
    throw new Violation(`${process} reset the strikes of ${key} without progress`);
}
