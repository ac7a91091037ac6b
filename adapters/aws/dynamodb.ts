import { present } from "../../core/model/present.ts";
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { setTimeout } from "node:timers/promises";
import { RetryableError } from "../../core/model/errors.ts";
import { WATCH_INDEX } from "../../core/model/keys.ts";
import type { Condition, Item, Clause, Value, Write, WriteResult } from "../../core/model/write.ts";
import type { Items } from "../../core/ports/items.ts";

/** BatchGetItem takes at most 100 keys. */
const LARGEST_BATCH = 100;
/**
 * DynamoDB leaves out the keys for which it lacks capacity, and what exceeds its largest answer. After so many answers
 * in a row without any key, the table counts as busy. The pauses between them add up to at most 6.35 s.
 */
const MOST_EMPTY_ANSWERS = 8;
/** Ceiling of the random pause before keys are asked for again. It doubles with each answer in a row without a key. */
const FIRST_PAUSE_MS = 50;

/** Waits for a random time below the ceiling. */
type Pause = (ceilingMs: number) => Promise<void>;

const randomPause: Pause = async (ceilingMs) => setTimeout(Math.random() * ceilingMs);

/** Gives every name and value an alias, because DynamoDB reserves hundreds of words. */
class Aliases {
  readonly names: Record<string, string> = {};
  readonly #values: Record<string, Value> = {};

  name(attribute: string): string {
    const alias = `#${attribute}`;
    this.names[alias] = attribute;
    return alias;
  }

  path(path: string): string {
    return path
      .split(".")
      .map((attribute) => this.name(attribute))
      .join(".");
  }

  value(value: Value): string {
    const alias = `:v${Object.keys(this.#values).length}`;
    this.#values[alias] = value;
    return alias;
  }

  get values(): Record<string, AttributeValue> | undefined {
    return Object.keys(this.#values).length > 0 ? marshall(this.#values) : undefined;
  }
}

function testExpression(test: Clause, aliases: Aliases): string {
  const name = aliases.path(test.attribute);
  switch (test.is) {
    case "absent":
      return `attribute_not_exists(${name})`;
    case "one of":
      return `${name} IN (${test.than.map((value) => aliases.value(value)).join(", ")})`;
    case "=":
    case "<=":
    case "<":
      return `${name} ${test.is} ${aliases.value(test.than)}`;
  }
}

const conditionExpression = (condition: Condition, aliases: Aliases): string =>
  condition.map((tests) => `(${tests.map((test) => testExpression(test, aliases)).join(" AND ")})`).join(" OR ");

function updateExpression(write: Write, aliases: Aliases): string {
  const sets = [
    ...Object.entries(write.set ?? {}).map(([name, value]) => `${aliases.name(name)} = ${aliases.value(value)}`),
    ...Object.entries(write.setIfAbsent ?? {}).map(([name, value]) => {
      const alias = aliases.name(name);
      return `${alias} = if_not_exists(${alias}, ${aliases.value(value)})`;
    }),
  ];
  const adds = Object.entries(write.add ?? {}).map(([name, value]) => `${aliases.name(name)} ${aliases.value(value)}`);
  const removes = (write.remove ?? []).map((name) => aliases.name(name));
  return [
    sets.length > 0 ? `SET ${sets.join(", ")}` : "",
    adds.length > 0 ? `ADD ${adds.join(", ")}` : "",
    removes.length > 0 ? `REMOVE ${removes.join(", ")}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

const keyOfItem = ({ pk }: Item): string => present(typeof pk === "string" ? pk : undefined, "the key of an item");

export const itemOf = (attributes: Record<string, AttributeValue>): Item => unmarshall(attributes) as Item;

const keyOf = (key: string) => ({ pk: { S: key } });
type KeyOfItem = ReturnType<typeof keyOf>;

/** One item per key, in a table whose only key is `pk`. */
export function dynamoItems(client: DynamoDBClient, table: string, pause: Pause = randomPause): Items {
  /** Asks once for up to 100 keys. @returns the keys that DynamoDB did not process. */
  const readSome = async (Keys: KeyOfItem[], found: Map<string, Item>): Promise<KeyOfItem[]> => {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    for (const attributes of Responses?.[table] ?? []) {
      const item = itemOf(attributes);
      found.set(keyOfItem(item), item);
    }
    return (UnprocessedKeys?.[table]?.Keys ?? []) as KeyOfItem[];
  };

  return {
    async write(write: Write): Promise<WriteResult> {
      const aliases = new Aliases();
      const command = new UpdateItemCommand({
        TableName: table,
        Key: keyOf(write.key),
        UpdateExpression: updateExpression(write, aliases),
        ConditionExpression: conditionExpression(write.when, aliases),
        ExpressionAttributeNames: aliases.names,
        ExpressionAttributeValues: aliases.values,
        ReturnValues: "ALL_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      });
      try {
        const { Attributes } = await client.send(command);
        return { applied: true, item: itemOf(present(Attributes, "the item after an update")) };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return { applied: false, item: error.Item && itemOf(error.Item) };
      }
    },

    async read(key) {
      const { Item: found } = await client.send(
        new GetItemCommand({ TableName: table, Key: keyOf(key), ConsistentRead: true }),
      );
      return found && itemOf(found);
    },

    async readMany(keys) {
      const found = new Map<string, Item>();
      let waiting = keys.map(keyOf);
      let emptyAnswers = 0;
      while (waiting.length > 0) {
        const asked = waiting.slice(0, LARGEST_BATCH);
        const left = await readSome(asked, found);
        waiting = [...left, ...waiting.slice(LARGEST_BATCH)];
        emptyAnswers = left.length < asked.length ? 0 : emptyAnswers + 1;
        if (left.length === 0) continue;
        if (emptyAnswers === MOST_EMPTY_ANSWERS) throw new RetryableError("table_busy", { failureClass: "system" });
        await pause(FIRST_PAUSE_MS * 2 ** Math.max(0, emptyAnswers - 1));
      }
      return found;
    },

    async watched(shard, beforeMs, limit) {
      const { Items: entries } = await client.send(
        new QueryCommand({
          TableName: table,
          IndexName: WATCH_INDEX,
          KeyConditionExpression: "#shard = :shard AND #at < :before",
          ExpressionAttributeNames: { "#shard": "watch_shard", "#at": "watch_at" },
          ExpressionAttributeValues: { ":shard": { N: String(shard) }, ":before": { N: String(beforeMs) } },
          Limit: limit,
        }),
      );
      return (entries ?? []).map((attributes) => {
        const entry = itemOf(attributes);
        return { key: keyOfItem(entry), watchAtMs: Number(present(entry["watch_at"], "the time of a watched item")) };
      });
    },
  };
}
