import { present } from "../../../core/model/present.ts";
import { type AttributeValue, ScanCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FailureClass } from "../../../core/model/record.ts";
import type { JobState } from "../../../core/model/states.ts";
import type { JobPages } from "../../../core/ports/items.ts";
import { itemOf } from "../dynamodb.ts";

/** Items scanned, not found, per request: this bounds the cost of a request. */
const ITEMS_A_PAGE = 1000;

/** Which records are sent here. A field that is left out selects every job. */
export interface JobFilter {
  readonly states?: readonly JobState[] | undefined;
  readonly failureClass?: FailureClass | undefined;
  readonly workId?: string | undefined;
  /** A part of the job's reason. */
  readonly reason?: string | undefined;
}

/** A filtered scan of the table, so that no index is needed. It costs what it scans, and tells the caller how much. */
export function scannedJobs(
  client: DynamoDBClient,
  table: string,
  filter: JobFilter,
  itemsAPage = ITEMS_A_PAGE,
): JobPages {
  const { clauses, names, values } = filterExpression(filter);
  return {
    async page(from) {
      const { Items, ScannedCount, ConsumedCapacity, LastEvaluatedKey } = await client.send(
        new ScanCommand({
          TableName: table,
          FilterExpression: clauses.join(" AND "),
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: values,
          Limit: itemsAPage,
          ReturnConsumedCapacity: "TOTAL",
          ExclusiveStartKey: from === undefined ? undefined : { pk: { S: from } },
        }),
      );
      const next = LastEvaluatedKey?.["pk"]?.S;
      return {
        items: (Items ?? []).map(itemOf),
        scanned: present(ScannedCount, "the number of scanned items"),
        readUnits: present(ConsumedCapacity?.CapacityUnits, "the read units of a scan"),
        ...(next !== undefined && { next }),
      };
    },
  };
}

function filterExpression({ failureClass, reason, states, workId }: JobFilter) {
  const clauses = ["begins_with(#pk, :job)"];
  const names: Record<string, string> = { "#pk": "pk" };
  const values: Record<string, AttributeValue> = { ":job": { S: "JOB#" } };
  const add = (attribute: string, value: string | undefined, clause: string): void => {
    if (value === undefined) return;
    clauses.push(clause);
    names[`#${attribute}`] = attribute;
    values[`:${attribute}`] = { S: value };
  };
  if (states) {
    clauses.push(`#state IN (${states.map((_, nth) => `:state${nth}`).join(", ")})`);
    names["#state"] = "state";
    for (const [nth, state] of states.entries()) values[`:state${nth}`] = { S: state };
  }
  add("failure_class", failureClass, "#failure_class = :failure_class");
  add("work_id", workId, "#work_id = :work_id");
  add("reason", reason, "contains(#reason, :reason)");
  return { clauses, names, values };
}
