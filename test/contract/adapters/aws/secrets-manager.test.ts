/** Secrets Manager over the wire. test/deploy/secrets.test.ts asks an emulator of the whole service. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { secretsManager } from "../../../../adapters/aws/secrets-manager.ts";
import type { Secrets } from "../../../../core/ports/secrets.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";

const SECRET = { hosts: ["*.example.org"], headers: { Authorization: "Bearer x" } };

let nowMs = 0;
let asked: { readonly request: IncomingMessage; readonly body: string }[] = [];
let answer: { readonly status: number; readonly body: object };
let secrets: Secrets;

beforeEach(async () => {
  [nowMs, asked] = [0, []];
  answer = { status: 200, body: { SecretString: JSON.stringify(SECRET) } };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      asked.push({ request, body });
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const credentials = { accessKeyId: "local", secretAccessKey: "local", sessionToken: "session" };
  const client = new DynamoDBClient({ region: "eu-central-1", credentials });
  onTestFinished(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  const place = { prefix: "fetchonce/prod/", endpoint: loopbackEndpoint(server) };
  secrets = secretsManager(client, place, { nowMs: () => nowMs });
});

describe("a secret", () => {
  it("is asked for below the prefix, by a request that is signed for this service and region", async () => {
    expect(await secrets.read("archive")).toEqual({ ...SECRET, headers: { authorization: "Bearer x" } });
    const [{ request, body } = { request: undefined, body: "" }] = asked;
    expect(JSON.parse(body)).toEqual({ SecretId: "fetchonce/prod/archive" });
    expect(request?.headers).toMatchObject({
      "x-amz-target": "secretsmanager.GetSecretValue",
      "x-amz-security-token": "session",
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=local\/\d{8}\/eu-central-1\/secretsmanager\//),
    });
  });

  it("is kept for five minutes, also if there is none of its name", async () => {
    await secrets.read("archive");
    nowMs = 299_999;
    await secrets.read("archive");
    expect(asked).toHaveLength(1);
    nowMs = 300_000;
    answer = { status: 400, body: { __type: "ResourceNotFoundException" } };
    expect(await secrets.read("archive")).toBeUndefined();
    expect(await secrets.read("archive")).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it.each([
    ["the service refuses", { status: 400, body: { __type: "AccessDeniedException" } }, "secrets_unavailable"],
    ["the service fails", { status: 500, body: {} }, "secrets_unavailable"],
    ["what is stored is no secret", { status: 200, body: { SecretString: "password" } }, "secret_unreadable:archive"],
    ["what is stored is binary", { status: 200, body: { SecretBinary: "eA==" } }, "secret_unreadable:archive"],
  ])("is our own trouble, and asked for again, if %s", async (_what, wrong, reason) => {
    answer = wrong;
    const expected = { name: "RetryableError", failureClass: "system", reason };
    await expect(secrets.read("archive")).rejects.toMatchObject(expected);
    answer = { status: 200, body: { SecretString: JSON.stringify(SECRET) } };
    expect(await secrets.read("archive")).toBeDefined();
  });

  it("cannot be named where there are none", async () => {
    const client = new DynamoDBClient({ region: "eu-central-1" });
    const none = secretsManager(client, { prefix: undefined, endpoint: undefined }, { nowMs: () => nowMs });
    expect(await none.read("archive")).toBeUndefined();
    expect(asked).toEqual([]);
    client.destroy();
  });
});
