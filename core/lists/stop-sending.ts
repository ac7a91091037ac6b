import type { Items } from "../ports/items.ts";
import type { Random } from "../ports/runtime.ts";
import { decodeList, listItemKey, writeList } from "./list-record.ts";

interface StoppingDeps {
  readonly items: Pick<Items, "read" | "write">;
  readonly random: Pick<Random, "uniqueId">;
}

/** Whoever sends the list writes at the end of each file, and refuses the write once each time. */
const MOST_TRIES = 20;

/**
 * Ends the sending of a list's jobs, if they are being sent. Whoever sends them finds that it has lost the list, after
 * one more file at most. Safe to repeat.
 * @returns whether they were being sent.
 */
export async function stopSending({ items, random }: StoppingDeps, id: string): Promise<boolean> {
  let item = await items.read(listItemKey(id));
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const seen = item && decodeList(item);
    if (seen?.phase !== "sending") return false;
    const { watchAtMs: _lease, ...list } = seen;
    const by = random.uniqueId();
    const written = await items.write(writeList(seen, { ...list, phase: "sent" }, by));
    if (written.applied || written.item?.["by"] === by) return true;
    item = written.item;
  }
  throw new Error(`The list ${id} was written ${MOST_TRIES} times while it was being stopped. Cancel its batch again.`);
}
