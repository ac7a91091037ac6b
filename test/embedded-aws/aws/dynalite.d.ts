/** dynalite ships no types. These declarations cover the parts that the embedded AWS calls or replaces. */
declare module "dynalite" {
  import type { Server } from "node:http";
  export interface DynaliteOptions {
    readonly path?: string;
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  }
  export default function dynalite(options: DynaliteOptions): Server;
}

declare module "dynalite/db/index.js" {
  export type StoredItem = Readonly<Record<string, unknown>>;
  export interface Index {
    readonly IndexName: string;
    readonly KeySchema: readonly { readonly AttributeName: string }[];
    readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes?: readonly string[] };
  }
  export interface Table {
    readonly TableName: string;
    readonly KeySchema: readonly { readonly AttributeName: string }[];
    readonly GlobalSecondaryIndexes?: readonly Index[];
  }
  export interface Capacity {
    CapacityUnits: number;
    TableName: string;
    Table?: { CapacityUnits: number } | undefined;
    GlobalSecondaryIndexes?: Record<string, { CapacityUnits: number }>;
  }
  export interface WriteRequest {
    readonly TableName: string;
    readonly ReturnConsumedCapacity?: string;
    readonly ReturnValuesOnConditionCheckFailure?: string;
  }
  export interface Refusal extends Error {
    readonly body: Record<string, unknown>;
  }
  interface Database {
    checkConditional: (data: WriteRequest, existing: StoredItem | undefined) => Refusal | null | undefined;
    capacityUnits: (item: StoredItem | undefined, isRead: boolean, isConsistent: boolean) => number;
    addConsumedCapacity: (
      data: WriteRequest,
      isRead: boolean,
      one: StoredItem | undefined,
      other?: StoredItem,
    ) => Capacity | undefined;
    updateIndexes: (
      store: unknown,
      table: Table,
      before: StoredItem | undefined,
      after: StoredItem | null,
      done: (error?: unknown) => void,
    ) => void;
  }
  const database: Database;
  export default database;
}

declare module "dynalite/validations/index.js" {
  export type Types = Record<string, unknown>;
  interface Validations {
    checkTypes: (data: Record<string, unknown>, types: Types) => Record<string, unknown>;
  }
  const validations: Validations;
  export default validations;
}

/** updateItem, putItem and deleteItem. */
declare module "dynalite/validations/*Item.js" {
  const validation: { readonly types: Record<string, unknown> };
  export default validation;
}
