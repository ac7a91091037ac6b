/** The writes that need no lease and take none away: a renewed URL, a longer wait, and the dispatch of a parked job. */
import { isTerminal, type JobState } from "../../../core/model/states.ts";
import { isParked } from "../../../core/model/waiting.ts";
import type { Item, Write } from "../../../core/model/write.ts";
import { REQUEUE_GRACE_MS } from "../services/settings.ts";
import { Violation } from "./violation.ts";

export const numberOf = (item: Item | undefined, name: string): number => {
  const value = item?.[name];
  return typeof value === "number" ? value : 0;
};

const RENEWED: readonly string[] = ["url", "url_sent_at"];
const POSTPONED: readonly string[] = ["available_at", "watch_at"];
const DISPATCHED: readonly string[] = ["watch_at", "recovered_by"];

const setsOnly = ({ add, remove, set = {} }: Write, names: readonly string[]): boolean =>
  add === undefined && remove === undefined && Object.keys(set).every((name) => names.includes(name));

/** @returns whether it is such a write, and a correct one. @throws Violation if it is an incorrect one. */
export function checkUnfenced(process: string, write: Write, before: Item, after: Item): boolean {
  if (endsOnlyWatch(write)) {
    checkWatchEnds(process, before);
    return true;
  }
  if (setsOnly(write, RENEWED)) checkRenewed(process, before, after);
  else if (setsOnly(write, DISPATCHED) && isParked(before)) checkDispatched(process, before, after);
  else if (setsOnly(write, POSTPONED)) checkPostponed(process, before, after);
  else return false;
  return true;
}

const endsOnlyWatch = ({ add, remove = [], set }: Write): boolean =>
  add === undefined && set === undefined && remove.length === 1 && remove[0] === "watch_at";

function checkWatchEnds(process: string, before: Item): void {
  const key = JSON.stringify(before["pk"]);
  if (!isParked(before)) throw new Violation(`${process} ended the watch of ${key}, which is not parked`);
}

function checkRenewed(process: string, before: Item, after: Item): void {
  const key = JSON.stringify(after["pk"]);
  if (isTerminal(before["state"] as JobState))
    throw new Violation(`${process} renewed the URL of ${key}, which has ended`);
  if (numberOf(before, "url_sent_at") >= numberOf(after, "url_sent_at"))
    throw new Violation(`${process} put an older URL into ${key}`);
}

function checkPostponed(process: string, before: Item, after: Item): void {
  const key = JSON.stringify(after["pk"]);
  if (isTerminal(before["state"] as JobState)) throw new Violation(`${process} postponed ${key}, which has ended`);
  if (before["lease_owner"] !== undefined) throw new Violation(`${process} postponed ${key}, which is leased`);
  if (numberOf(after, "available_at") <= numberOf(before, "available_at"))
    throw new Violation(`${process} ended the wait of ${key} too early`);
  if (numberOf(after, "watch_at") !== numberOf(after, "available_at") + REQUEUE_GRACE_MS)
    throw new Violation(`${process} postponed ${key}, which is then watched at another time than its message needs`);
}

function checkDispatched(process: string, before: Item, after: Item): void {
  const key = JSON.stringify(after["pk"]);
  if (isTerminal(before["state"] as JobState)) throw new Violation(`${process} dispatched ${key}, which has ended`);
  if (numberOf(after, "watch_at") !== numberOf(before, "available_at") + REQUEUE_GRACE_MS)
    throw new Violation(`${process} dispatched ${key}, which is then watched at another time than its message needs`);
}
