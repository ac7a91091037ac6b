import { afterEach, describe, expect, it, vi } from "vitest";
import { createClients } from "../../../../adapters/aws/clients.ts";
import { defaultProvider } from "../../../../adapters/aws/lambda-credentials.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the AWS clients", () => {
  it.each([
    { environment: {}, isPathStyle: false },
    { environment: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, isPathStyle: true },
    { environment: { AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1" }, isPathStyle: true },
    { environment: { AWS_ENDPOINT_URL_SQS: "http://127.0.0.1:1" }, isPathStyle: false },
  ])(
    "use path-style bucket names ($isPathStyle) only if S3 is emulated: $environment",
    ({ environment, isPathStyle }) => {
      const clients = createClients(environment);
      expect(clients.s3.config.forcePathStyle).toBe(isPathStyle);
      for (const client of Object.values(clients)) client.destroy();
    },
  );

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
