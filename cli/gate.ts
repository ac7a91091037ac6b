import { createDynamoDb } from "../adapters/clients.ts";
import { systemClock } from "../adapters/clock.ts";
import { dynamoItems } from "../adapters/dynamodb.ts";
import { runGate } from "./gate/run.ts";

process.exitCode = await runGate(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  gateOf: (table) => ({ clock: systemClock, items: dynamoItems(createDynamoDb(), { table, watchIndex: "watch" }) }),
});
