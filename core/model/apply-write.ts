/** What a conditional write does to an item, as DynamoDB's UpdateItem would do it. */
import type { Clause, Item, Value, Write, WriteResult } from "./write.ts";

function valueAt(item: Item | undefined, path: string): Value | undefined {
  let value: Value | undefined = item;
  for (const name of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Item)[name] : undefined;
  }
  return value;
}

type Comparable = string | number;

/** DynamoDB orders values of one type only. */
const isComparable = (value: Value | undefined, than: Value): value is Comparable =>
  typeof value === typeof than && (typeof value === "number" || typeof value === "string");

function holds(clause: Clause, item: Item | undefined): boolean {
  const value = valueAt(item, clause.attribute);
  switch (clause.is) {
    case "absent":
      return value === undefined;
    case "one of":
      return typeof value === "string" && clause.than.includes(value);
    case "=":
      return value === clause.than;
    case "<=":
      return isComparable(value, clause.than) && value <= (clause.than as Comparable);
    case "<":
      return isComparable(value, clause.than) && value < (clause.than as Comparable);
  }
}

/** Names are added and never deleted: an object from which one was deleted is read and copied several times slower. */
function effectOf({ add = {}, key, remove = [], set, setIfAbsent }: Write, item: Item | undefined): Item {
  const next: Record<string, Value> = {};
  const setAll = (fields: Item = {}): void => {
    for (const [name, value] of Object.entries(fields)) if (!remove.includes(name)) next[name] = value;
  };
  setAll(setIfAbsent);
  next["pk"] = key;
  setAll(item);
  setAll(set);
  for (const [name, amount] of Object.entries(add)) {
    const before = item?.[name];
    next[name] = (typeof before === "number" ? before : 0) + amount;
  }
  return next;
}

/** @param item the item under the write's key; undefined if there is none. */
export function applyWrite(write: Write, item: Item | undefined): WriteResult {
  const isAllowed = write.when.some((clauses) => clauses.every((clause) => holds(clause, item)));
  return isAllowed ? { applied: true, item: effectOf(write, item) } : { applied: false, item };
}
