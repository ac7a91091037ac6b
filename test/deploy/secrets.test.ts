/** The worker's secrets, asked of moto's Secrets Manager. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { secretsManager } from "../../adapters/aws/secrets-manager.ts";
import { type Emulator, REGION, startEmulator } from "./emulator.ts";

const cleanup = new AsyncDisposableStack();
let emulator: Emulator;

beforeAll(async () => {
  emulator = cleanup.use(await startEmulator());
});
afterAll(async () => cleanup.disposeAsync());

it("a secret is read by its name below the prefix, and one that is not there is not there", async () => {
  const secret = { hosts: ["*.example.org"], headers: { authorization: "Bearer x" } };
  await emulator.aws("secretsmanager", "create_secret", {
    Name: "fetchonce/prod/archive",
    SecretString: JSON.stringify(secret),
  });
  const client = new DynamoDBClient({
    region: REGION,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  cleanup.defer(() => client.destroy());
  const place = { prefix: "fetchonce/prod/", endpoint: emulator.environment["AWS_ENDPOINT_URL"] };
  const secrets = secretsManager(client, place, { nowMs: () => 0 });
  expect(await secrets.read("archive")).toEqual(secret);
  expect(await secrets.read("another")).toBeUndefined();
});
