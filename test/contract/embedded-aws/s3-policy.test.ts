import { GetBucketPolicyCommand, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { onEachS3, refusal, type BucketUnderTest } from "./s3-support.ts";

const accessDenied = { status: 403, name: "AccessDenied" };

function contentPolicy({ Bucket }: BucketUnderTest): object {
  const everybody = { Effect: "Deny", Principal: { AWS: "*" } };
  const objects = `arn:aws:s3:::${Bucket}/*`;
  return {
    Version: "2012-10-17",
    Statement: [
      {
        ...everybody,
        Action: "s3:*",
        Resource: [`arn:aws:s3:::${Bucket}`, objects],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        ...everybody,
        Sid: "RefuseWritesWithoutIfNoneMatch",
        Action: "s3:PutObject",
        Resource: objects,
        Condition: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
      },
      { ...everybody, Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"], Resource: `${objects}kept` },
    ],
  };
}

function putPolicy({ client, Bucket }: BucketUnderTest, policy: object): Promise<unknown> {
  return client.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }));
}

onEachS3((s3) => {
  describe("a bucket whose policy requires If-None-Match on every write", () => {
    test("refuses Put, Copy and Complete without the header, and accepts them with it", async () => {
      await s3.put("source", "body");
      await putPolicy(s3, contentPolicy(s3));
      const upload = await s3.upload("completed", [Buffer.from("part")]);

      expect(await refusal(s3.put("put", "body"))).toEqual(accessDenied);
      expect(await refusal(s3.copy("source", "copied"))).toEqual(accessDenied);
      expect(await refusal(s3.complete(upload))).toEqual(accessDenied);

      await s3.put("put", "body", "*");
      await s3.copy("source", "copied", "*");
      await s3.complete(upload, { IfNoneMatch: "*" });
      expect(await refusal(s3.put("put", "other", "*"))).toEqual({ status: 412, name: "PreconditionFailed" });
    });

    test("refuses exactly the requests that its other statements deny", async () => {
      await s3.put("deleted", "body", "*");
      await s3.put("as kept", "body", "*");
      await putPolicy(s3, contentPolicy(s3));
      await s3.remove("deleted");
      expect(await refusal(s3.remove("as kept"))).toEqual(accessDenied);
      expect((await s3.read("as kept")).toString()).toBe("body");
    });

    test("returns its policy as it was put", async () => {
      await putPolicy(s3, contentPolicy(s3));
      const { Policy = "" } = await s3.client.send(new GetBucketPolicyCommand({ Bucket: s3.Bucket }));
      expect(JSON.parse(Policy)).toEqual(contentPolicy(s3));
    });
  });
});
