/**
 * Adds to dynalite what it lacks and the product needs: the item that refused a conditional write, and write units that
 * include indexes. Every answer carries its ConsumedCapacity, even if not requested, because the budgets count it.
 * dynalite's actions call these functions through the exports objects of its modules: replacing them there is enough.
 */
import database from "dynalite/db/index.js";
import type { Capacity, Index, StoredItem, Table, WriteRequest } from "dynalite/db/index.js";
import deleteItem from "dynalite/validations/deleteItem.js";
import validations from "dynalite/validations/index.js";
import putItem from "dynalite/validations/putItem.js";
import updateItem from "dynalite/validations/updateItem.js";

/** A change of an item, in DynamoDB's JSON. */
export interface TableChange {
  readonly table: string;
  readonly before: StoredItem | undefined;
  readonly after: StoredItem | undefined;
}

/** dynalite has no streams. Those who listen get the changes of all tables of this process, in their order. */
export const tableChanges = new Set<(change: TableChange) => void>();

let mended = false;

export function mendDynalite(): void {
  if (mended) return;
  mended = true;
  acceptAllOldOnRefusal();
  alwaysReportCapacity();
  answerRefusalsWithTheItem();
  countIndexWrites();
}

function acceptAllOldOnRefusal(): void {
  for (const { types } of [updateItem, putItem, deleteItem]) {
    types["ReturnValuesOnConditionCheckFailure"] = { type: "String", enum: ["ALL_OLD", "NONE"] };
  }
}

function alwaysReportCapacity(): void {
  const { checkTypes } = validations;
  validations.checkTypes = (data, types) => {
    const checked = checkTypes(data, types);
    if ("ReturnConsumedCapacity" in types) checked["ReturnConsumedCapacity"] = "INDEXES";
    return checked;
  };
}

function answerRefusalsWithTheItem(): void {
  const { checkConditional } = database;
  database.checkConditional = (data, existing) => {
    const refusal = checkConditional(data, existing);
    if (!refusal) return refusal;
    if (data.ReturnValuesOnConditionCheckFailure === "ALL_OLD" && existing) refusal.body["Item"] = existing;
    refusal.body["ConsumedCapacity"] = tableCapacity(data, existing);
    return refusal;
  };
}

function tableCapacity(data: WriteRequest, existing: StoredItem | undefined): Capacity {
  const units = database.capacityUnits(existing, false, false);
  return { CapacityUnits: units, TableName: data.TableName, Table: { CapacityUnits: units } };
}

/** Relies on dynalite's three write actions calling `updateIndexes` after `addConsumedCapacity` in the same tick. */
function countIndexWrites(): void {
  const { addConsumedCapacity, updateIndexes } = database;
  let capacity: Capacity | undefined;
  database.addConsumedCapacity = (data, isRead, one, other) => {
    const counted = addConsumedCapacity(data, isRead, one, other);
    if (!isRead) capacity = counted;
    return counted;
  };
  database.updateIndexes = (store, table, before, after, done) => {
    if (capacity) addIndexUnits(capacity, table, before, after ?? undefined);
    capacity = undefined;
    const change = { table: table.TableName, before, after: after ?? undefined };
    for (const listen of tableChanges) listen(change);
    updateIndexes(store, table, before, after, done);
  };
}

function addIndexUnits(
  capacity: Capacity,
  table: Table,
  before: StoredItem | undefined,
  after: StoredItem | undefined,
): void {
  for (const index of table.GlobalSecondaryIndexes ?? []) {
    const units = indexWriteUnits(entryOf(table, index, before), entryOf(table, index, after));
    if (units === 0) continue;
    capacity.CapacityUnits += units;
    capacity.GlobalSecondaryIndexes = {
      ...capacity.GlobalSecondaryIndexes,
      [index.IndexName]: { CapacityUnits: units },
    };
  }
}

interface IndexEntry {
  readonly key: string;
  readonly content: string;
  readonly units: number;
}

function entryOf(table: Table, index: Index, item: StoredItem | undefined): IndexEntry | undefined {
  const keys = index.KeySchema.map((key) => key.AttributeName);
  if (!item || keys.some((name) => item[name] === undefined)) return undefined;
  const tableKeys = table.KeySchema.map((key) => key.AttributeName);
  const names =
    index.Projection.ProjectionType === "ALL"
      ? Object.keys(item).sort()
      : [...keys, ...tableKeys, ...(index.Projection.NonKeyAttributes ?? [])];
  const projected = Object.fromEntries(
    names.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]),
  );
  return {
    key: JSON.stringify(keys.map((name) => item[name])),
    content: JSON.stringify(projected),
    units: database.capacityUnits(projected, false, false),
  };
}

function indexWriteUnits(before: IndexEntry | undefined, after: IndexEntry | undefined): number {
  if (!before || !after) return (before ?? after)?.units ?? 0;
  if (before.key !== after.key) return before.units + after.units;
  return before.content === after.content ? 0 : Math.max(before.units, after.units);
}
