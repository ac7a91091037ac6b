import { ArnPrincipal, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { App, Stack } from "aws-cdk-lib/core";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { privateQueue } from "../../infra/data/work-queue.ts";
import { grantSubmit } from "../../infra/data/grant-submit.ts";

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Principal?: unknown;
}

const ROLE_ELSEWHERE = "arn:aws:iam::222222222222:role/crawler";

function stackOf(encryption: "sqs" | "customer") {
  const stack = new Stack(new App(), "Test", { env: { account: "111111111111", region: "eu-central-1" } });
  const key = encryption === "customer" ? new Key(stack, "Key") : undefined;
  const queue = new Queue(stack, "Queue", privateQueue(key));
  const role = new Role(stack, "Producer", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  return { stack, queue, role };
}

/** What policies of the type allow, and to whom if they are not the role's own. Without what the account may do. */
function allowedBy(stack: Stack, type: string, property = "PolicyDocument"): readonly unknown[] {
  const policies = Object.values(Template.fromStack(stack).findResources(type)) as {
    readonly Properties: Readonly<Record<string, { readonly Statement: readonly Statement[] }>>;
  }[];
  return policies
    .flatMap(({ Properties }) => Properties[property]?.Statement ?? [])
    .filter(({ Action, Effect }) => Effect === "Allow" && Action !== "kms:*")
    .map(({ Action, Principal, Resource }) =>
      Principal === undefined ? { Action, Resource } : { Action, Principal, Resource },
    );
}

const QUEUE_ARN = { "Fn::GetAtt": [expect.stringMatching(/^Queue/), "Arn"] };
const KEY_ARN = { "Fn::GetAtt": [expect.stringMatching(/^Key/), "Arn"] };
const ENCRYPT = ["kms:GenerateDataKey", "kms:Decrypt"];

describe("grantSubmit", () => {
  it("lets a role of the account send, and nothing else", () => {
    const { queue, role, stack } = stackOf("sqs");
    grantSubmit(queue, role).assertSuccess();
    expect(allowedBy(stack, "AWS::IAM::Policy")).toEqual([{ Action: "sqs:SendMessage", Resource: QUEUE_ARN }]);
    expect(allowedBy(stack, "AWS::SQS::QueuePolicy")).toEqual([]);
  });

  it("of a queue with a customer's key lets it use the key for that", () => {
    const { queue, role, stack } = stackOf("customer");
    grantSubmit(queue, role).assertSuccess();
    const allowed = allowedBy(stack, "AWS::IAM::Policy");
    expect(allowed).toHaveLength(2);
    expect(allowed).toEqual(
      expect.arrayContaining([
        { Action: "sqs:SendMessage", Resource: QUEUE_ARN },
        {
          Action: expect.toSatisfy((actions: string[]) => actions.toSorted().join() === ENCRYPT.toSorted().join()),
          Resource: KEY_ARN,
        },
      ]),
    );
  });

  it("names a producer of another account in the policies of the queue and of the key", () => {
    const { queue, stack } = stackOf("customer");
    grantSubmit(queue, new ArnPrincipal(ROLE_ELSEWHERE)).assertSuccess();
    const Principal = { AWS: ROLE_ELSEWHERE };
    expect(allowedBy(stack, "AWS::SQS::QueuePolicy")).toEqual([
      { Action: "sqs:SendMessage", Resource: QUEUE_ARN, Principal },
    ]);
    expect(allowedBy(stack, "AWS::KMS::Key", "KeyPolicy")).toEqual([
      { Action: expect.arrayContaining(ENCRYPT), Resource: "*", Principal },
    ]);
  });
});
