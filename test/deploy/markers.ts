/** Markers put into tables and buckets: a marker that is gone means that its resource was replaced or emptied. */
import type { Existing } from "./account.ts";
import type { Emulator } from "./emulator.ts";

const MARKER = "marker";

interface Holder {
  put(emulator: Emulator, name: string): Promise<unknown>;
  isThere(emulator: Emulator, name: string): Promise<boolean>;
  /** Present if the marker would prevent the deletion of its resource. */
  remove?(emulator: Emulator, name: string): Promise<unknown>;
}

const HOLDERS: Readonly<Record<string, Holder>> = {
  "AWS::DynamoDB::Table": {
    put: async (emulator, TableName) =>
      emulator.aws("dynamodb", "put_item", { TableName, Item: { pk: { S: MARKER } } }),
    isThere: async (emulator, TableName) =>
      (await emulator.aws("dynamodb", "get_item", { TableName, Key: { pk: { S: MARKER } } }))["Item"] !== undefined,
  },
  "AWS::S3::Bucket": {
    put: async (emulator, Bucket) => emulator.aws("s3", "put_object", { Bucket, Key: MARKER, Body: MARKER }),
    isThere: async (emulator, Bucket) =>
      (await emulator.aws("s3", "list_objects_v2", { Bucket, Prefix: MARKER }))["KeyCount"] === 1,
    remove: async (emulator, Bucket) => emulator.aws("s3", "delete_object", { Bucket, Key: MARKER }),
  },
};

export class Markers {
  readonly #emulator: Emulator;
  readonly #held: readonly { readonly name: string; readonly holder: Holder }[];

  constructor(emulator: Emulator, existing: readonly Existing[]) {
    this.#emulator = emulator;
    this.#held = existing.flatMap(({ type, physicalId }) => {
      const holder = HOLDERS[type];
      return holder ? [{ name: physicalId, holder }] : [];
    });
  }

  async put(): Promise<void> {
    for (const { holder, name } of this.#held) await holder.put(this.#emulator, name);
  }

  async areThere(): Promise<boolean> {
    const found = await Promise.all(this.#held.map(async ({ holder, name }) => holder.isThere(this.#emulator, name)));
    return found.length > 0 && found.every(Boolean);
  }

  async emptyBuckets(): Promise<void> {
    for (const { holder, name } of this.#held) await holder.remove?.(this.#emulator, name);
  }
}
