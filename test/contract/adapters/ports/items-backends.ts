import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { randomBytes } from "node:crypto";
import { dynamoItems } from "../../../../adapters/aws/dynamodb.ts";
import { scannedJobs } from "../../../../adapters/aws/operators/scanned-jobs.ts";
import type { JobPages } from "../../../../core/ports/items.ts";
import type { EmbeddedService } from "../../../../local/shared/loopback.ts";
import { simulatedItems } from "../../../simulation/services/items.ts";
import { clientOf, createJobsTable, dynamoDbServices } from "../../embedded-aws/dynamodb-services.ts";
import type { ItemsBackend } from "./backends.ts";
import { sqliteItems } from "./local-backends.ts";

interface TableBackend extends ItemsBackend {
  /** Scans two items per page on DynamoDB. The simulated table has a single page. */
  readonly failedJobs: JobPages;
}

/** The tables of the cloud's pipeline. */
export const tableBackends: Readonly<Record<string, () => Promise<TableBackend>>> = {
  "the simulated table": async () => {
    const items = simulatedItems();
    return { items, failedJobs: items.failedJobs, [Symbol.asyncDispose]: async () => undefined };
  },
  ...Object.fromEntries(
    Object.entries(dynamoDbServices).map(([name, start]) => [name, async () => dynamoBackend(await start())]),
  ),
};

/** Every implementation of the Items port that this machine can run. */
export const itemsBackends: Readonly<Record<string, () => Promise<ItemsBackend>>> = {
  ...tableBackends,
  SQLite: sqliteItems,
};

async function dynamoBackend(service: EmbeddedService): Promise<TableBackend> {
  const client = clientOf(service.endpoint);
  const table = `jobs-${randomBytes(6).toString("hex")}`;
  await createJobsTable(client, table);
  return {
    items: dynamoItems(client, table),
    failedJobs: scannedJobs(client, table, { states: ["FAILED"] }, 2),
    async [Symbol.asyncDispose]() {
      await client.send(new DeleteTableCommand({ TableName: table }));
      client.destroy();
      await service.stop();
    },
  };
}
