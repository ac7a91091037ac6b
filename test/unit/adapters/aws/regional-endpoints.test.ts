import { describe, expect, it } from "vitest";
import { defaultEndpointResolver as dynamodb } from "../../../../adapters/aws/left-out/dynamodb-endpoints.ts";
import { defaultEndpointResolver as sqs } from "../../../../adapters/aws/left-out/sqs-endpoints.ts";

const ACCOUNT = { AccountId: "123456789012", AccountIdEndpointMode: "preferred" };

/** test/infra/bundling/endpoints.test.ts compares all of them with the SDK's own rules. */
describe("the endpoints in the bundles", () => {
  it.each([
    [{}, "https://sqs.us-east-1.amazonaws.com/"],
    [{ Region: "cn-north-1" }, "https://sqs.cn-north-1.amazonaws.com.cn/"],
    [{ UseFIPS: true }, "https://sqs-fips.us-east-1.amazonaws.com/"],
    [{ UseFIPS: true, Region: "us-gov-west-1" }, "https://sqs.us-gov-west-1.amazonaws.com/"],
    [{ UseFIPS: true, UseDualStack: true, Region: "us-gov-west-1" }, "https://sqs-fips.us-gov-west-1.api.aws/"],
    [{ UseDualStack: true }, "https://sqs.us-east-1.api.aws/"],
    [{ Endpoint: "http://127.0.0.1:9324" }, "http://127.0.0.1:9324/"],
    [{ Endpoint: "http://127.0.0.1:9324", Region: undefined }, "http://127.0.0.1:9324/"],
  ])("of SQS with %o are %s", (changed, url) => {
    const endpoint = sqs({ Region: "us-east-1", ...changed } as never);
    expect({ ...endpoint, url: endpoint.url.href }).toEqual({ url, properties: {}, headers: {} });
  });

  it.each([
    [{}, "https://dynamodb.us-east-1.amazonaws.com/"],
    [{ AccountIdEndpointMode: "preferred", ResourceArn: "Jobs" }, "https://dynamodb.us-east-1.amazonaws.com/"],
    [{ ...ACCOUNT, AccountIdEndpointMode: "disabled" }, "https://dynamodb.us-east-1.amazonaws.com/"],
    [ACCOUNT, "https://123456789012.ddb.us-east-1.amazonaws.com/"],
    [{ ...ACCOUNT, UseFIPS: true }, "https://dynamodb-fips.us-east-1.amazonaws.com/"],
    [{ ...ACCOUNT, Region: "us-iso-east-1" }, "https://dynamodb.us-iso-east-1.c2s.ic.gov/"],
    [{ Endpoint: "http://127.0.0.1:8000", ResourceArnList: ["Jobs"] }, "http://127.0.0.1:8000/"],
  ])("of DynamoDB with %o are %s", (changed, url) => {
    expect(dynamodb({ Region: "us-east-1", ...changed }).url.href).toBe(url);
  });

  it.each([
    { Region: undefined },
    { Region: "local" },
    { Endpoint: "http://127.0.0.1:8000", UseFIPS: true },
    { Endpoint: "http://127.0.0.1:8000", UseDualStack: true },
    { Endpoint: "https://dynamodb.us-east-1.api.aws" },
    { AccountIdEndpointMode: "required" },
    { ...ACCOUNT, AccountId: "no label!" },
    { ResourceArn: "arn:aws:dynamodb:us-east-1:123456789012:table/Jobs" },
    { ResourceArnList: ["arn:aws:dynamodb:us-east-1:123456789012:table/Jobs"] },
    { IsSearchOperation: true },
  ])("of DynamoDB are refused for %o", (changed) => {
    expect(() => dynamodb({ Region: "us-east-1", ...changed } as never)).toThrow("has no rule for");
  });
});
