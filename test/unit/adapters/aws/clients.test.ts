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
});
