import { describe, expect, it } from "vitest";
import { defaultEndpointResolver } from "../../../../adapters/aws/left-out/s3-endpoints.ts";

/** test/infra/bundling/endpoints.test.ts compares all of them with the SDK's own rules. */
describe("S3's endpoints in the bundles", () => {
  it.each([
    [{}, "https://abc.s3.us-east-1.amazonaws.com/"],
    [{ Region: "cn-north-1" }, "https://abc.s3.cn-north-1.amazonaws.com.cn/"],
    [{ UseFIPS: true }, "https://abc.s3-fips.us-east-1.amazonaws.com/"],
    [{ UseDualStack: true }, "https://abc.s3.dualstack.us-east-1.amazonaws.com/"],
    [{ ForcePathStyle: true }, "https://s3.us-east-1.amazonaws.com/abc"],
    [{ Endpoint: "http://127.0.0.1:9000", ForcePathStyle: true }, "http://127.0.0.1:9000/abc"],
  ])("of a bucket with %o are %s", (changed, url) => {
    const endpoint = defaultEndpointResolver({ Bucket: "abc", Region: "us-east-1", ...changed });
    expect(endpoint.url.href).toBe(url);
    expect(endpoint.properties.authSchemes).toMatchObject([{ name: "sigv4", signingName: "s3" }]);
  });

  it.each([
    { Bucket: "Capitals" },
    { Bucket: undefined },
    { Region: undefined },
    { Region: "aws-global" },
    { Region: "cn-north-1", UseFIPS: true },
    { Accelerate: true },
    { UseGlobalEndpoint: true },
    { Endpoint: "http://127.0.0.1:9000" },
    { Endpoint: "http://127.0.0.1:9000", ForcePathStyle: true, UseFIPS: true },
    { Endpoint: "http://127.0.0.1:9000", ForcePathStyle: true, UseDualStack: true },
  ])("are refused for %o", (changed) => {
    const parameters = { Bucket: "abc", Region: "us-east-1", ...changed };
    expect(() => defaultEndpointResolver(parameters as never)).toThrow("has no rule for");
  });
});
