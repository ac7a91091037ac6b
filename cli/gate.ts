import { createDynamoDb } from "../adapters/aws/clients.ts";
import { systemClock } from "../adapters/node/clock.ts";
import { dynamoItems } from "../adapters/aws/dynamodb.ts";
import { runGate } from "./gate/run.ts";
import { stackAddresses } from "./shared/stack.ts";

process.exitCode = await runGate(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  addressesOf: stackAddresses,
  gateOf: (table) => ({ clock: systemClock, items: dynamoItems(createDynamoDb(), table) }),
});
