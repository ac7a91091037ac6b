import zlib from "node:zlib";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { Sha256 } from "@smithy/core/checksum";
import { HttpRequest, HttpResponse } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createClients } from "../../../../adapters/aws/clients.ts";
import { defaultProvider } from "../../../../adapters/aws/lambda-credentials.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the AWS clients", () => {
  it.each([
    { set: "no variable", environment: {}, isPathStyle: false },
    { set: "AWS_ENDPOINT_URL", environment: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, isPathStyle: true },
    { set: "AWS_ENDPOINT_URL_S3", environment: { AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1" }, isPathStyle: true },
    { set: "AWS_ENDPOINT_URL_SQS", environment: { AWS_ENDPOINT_URL_SQS: "http://127.0.0.1:1" }, isPathStyle: false },
  ])("use path-style bucket names only if S3 is emulated: $isPathStyle with $set", ({ environment, isPathStyle }) => {
    const clients = createClients(environment);
    expect(clients.s3.config.forcePathStyle).toBe(isPathStyle);
    for (const client of Object.values(clients)) client.destroy();
  });

  it.each([
    { set: "no variable", environment: {}, host: "sqs.eu-central-1.amazonaws.com" },
    {
      set: "AWS_ENDPOINT_URL",
      environment: { AWS_ENDPOINT_URL: "http://emulator.example:4566" },
      host: "emulator.example",
    },
    {
      set: "AWS_ENDPOINT_URL_SQS",
      environment: { AWS_ENDPOINT_URL_SQS: "http://emulator.example:4566" },
      host: "emulator.example",
    },
  ])("send to $host with $set, whatever the queue's URL says", async ({ environment, host }) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    expect((await requestOf("sqs", environment)).hostname).toBe(host);
  });

  it("take their credentials from Lambda's environment", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    vi.stubEnv("AWS_SESSION_TOKEN", "token");
    expect(await defaultProvider()()).toMatchObject({
      accessKeyId: "id",
      secretAccessKey: "secret",
      sessionToken: "token",
    });
  });

  it("read their credentials once", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    const provide = defaultProvider();
    const first = await provide();
    vi.stubEnv("AWS_ACCESS_KEY_ID", "another");
    expect(await provide()).toBe(first);
  });

  const KEYS = { accessKeyId: "id", secretAccessKey: "secret", sessionToken: "token" };

  /** Sends nothing. @returns the request that would have been sent. */
  async function requestOf(
    service: "dynamodb" | "s3" | "sqs",
    environment: NodeJS.ProcessEnv = {},
  ): Promise<HttpRequest> {
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", KEYS.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", KEYS.secretAccessKey);
    vi.stubEnv("AWS_SESSION_TOKEN", KEYS.sessionToken);
    const { dynamodb, s3, sqs } = createClients(environment);
    const { promise, resolve } = Promise.withResolvers<HttpRequest>();
    for (const client of [dynamodb, s3, sqs]) {
      const stack = client.middlewareStack as unknown as typeof dynamodb.middlewareStack;
      stack.add(
        () =>
          async ({ request }) => {
            resolve(request as HttpRequest);
            return { response: new HttpResponse({ statusCode: 200, headers: {} }), output: { $metadata: {} } };
          },
        { name: "notSent", step: "deserialize", priority: "low", override: true },
      );
    }
    const sent = {
      dynamodb: async () => dynamodb.send(new PutItemCommand({ TableName: "t", Item: { pk: { S: "a" } } })),
      s3: async () =>
        s3.send(new PutObjectCommand({ Bucket: "content", Key: "sha256/a b", Body: Buffer.from("body") })),
      sqs: async () =>
        sqs.send(new SendMessageCommand({ QueueUrl: "https://sqs.eu-central-1.amazonaws.com/1/q", MessageBody: "m" })),
    };
    await sent[service]().catch(() => undefined);
    return promise;
  }

  it.each(["dynamodb", "s3", "sqs"] as const)("sign a request to %s as the SDK's own signer does", async (service) => {
    const { headers, ...request } = await requestOf(service);
    const { authorization, ...signedHeaders } = headers;
    expect(authorization).toContain(`/eu-central-1/${service}/aws4_request`);
    const theirs = new SignatureV4({
      credentials: KEYS,
      region: "eu-central-1",
      service,
      sha256: Sha256,
      uriEscapePath: service !== "s3",
    });
    const [, date = "", time = ""] = /^(\d{8})T(\d{6})Z$/.exec(signedHeaders["x-amz-date"] ?? "") ?? [];
    const isoOf = (text: string, at: readonly number[], by: string) =>
      at.map((from, index) => text.slice(from, at[index + 1])).join(by);
    const signingDate = new Date(`${isoOf(date, [0, 4, 6], "-")}T${isoOf(time, [0, 2, 4], ":")}Z`);
    const signed = await theirs.sign(new HttpRequest({ ...request, headers: signedHeaders }), { signingDate });
    expect(signed.headers["authorization"]).toBe(authorization);
  });

  it("send no User-Agent, which the SDK would put together for each request", async () => {
    const { headers } = await requestOf("dynamodb");
    expect(Object.keys(headers).filter((name) => name.includes("user-agent"))).toEqual([]);
  });

  it("protect an object with a checksum that S3 compares, and not with a second one", async () => {
    const { headers } = await requestOf("s3");
    const crc32 = Buffer.alloc(4);
    crc32.writeUInt32BE(zlib.crc32("body"));
    expect(headers).toMatchObject({
      "x-amz-checksum-crc32": crc32.toString("base64"),
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    });
  });
});
