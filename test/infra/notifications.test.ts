import { App, Stack } from "aws-cdk-lib/core";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { Notifications } from "../../infra/pipeline/notifications.ts";
import type { Subscribers } from "../../infra/environments/environment.ts";
import { temporaryFolder } from "./synthesize.ts";

const NOBODY: Subscribers = { emails: [], httpsUrls: [] };
const outdir = temporaryFolder();

function made(tells: ConstructorParameters<typeof Notifications>[2]["tells"]) {
  const stack = new Stack(new App({ outdir, analyticsReporting: false }), "Telling");
  return { notifications: new Notifications(stack, "Notifications", { prefix: "fetchonce-prod", tells }), stack };
}

const TOPIC = { page: "NotificationsPage", ticket: "NotificationsTicket" };

describe("subscribers", () => {
  it("are subscribed to the topic of their severity, by e-mail, HTTPS or Slack", () => {
    const { stack } = made({
      page: {
        emails: ["on-call@example.com"],
        httpsUrls: ["https://events.pagerduty.com/integration/0/enqueue"],
        slack: { workspaceId: "T00000000", channelId: "C00000000" },
      },
      ticket: { emails: ["team@example.com"], httpsUrls: ["https://api.opsgenie.com/v1/json/cloudwatch?apiKey=0"] },
    });
    const template = Template.fromStack(stack);
    const subscriptions = Object.values(template.findResources("AWS::SNS::Subscription")).map(({ Properties }) => [
      String(Properties.TopicArn.Ref).replace(/[0-9A-F]{8}$/, ""),
      Properties.Protocol,
      Properties.Endpoint,
    ]);
    expect(subscriptions.map((parts) => parts.join(" ")).sort()).toEqual([
      `${TOPIC.page} email on-call@example.com`,
      `${TOPIC.page} https https://events.pagerduty.com/integration/0/enqueue`,
      `${TOPIC.ticket} email team@example.com`,
      `${TOPIC.ticket} https https://api.opsgenie.com/v1/json/cloudwatch?apiKey=0`,
    ]);
    const [chat] = Object.values(template.findResources("AWS::Chatbot::SlackChannelConfiguration"));
    expect(chat?.["Properties"]).toMatchObject({
      SlackWorkspaceId: "T00000000",
      SlackChannelId: "C00000000",
      SnsTopicArns: [{ Ref: expect.stringMatching(/^NotificationsPage/) }],
    });
  });

  it("are refused if their URL is plain HTTP", () => {
    expect(() => made({ page: { emails: [], httpsUrls: ["http://example.com/"] }, ticket: NOBODY })).toThrow(
      "An alarm subscriber is http://example.com/. Write an endpoint that starts with https://.",
    );
  });

  it.each([
    { who: "no page subscriber", tells: { page: NOBODY, ticket: NOBODY }, warned: true },
    {
      who: "one page subscriber",
      tells: { page: { emails: ["a@example.com"], httpsUrls: [] }, ticket: NOBODY },
      warned: false,
    },
    { who: "notifications off", tells: undefined, warned: false },
  ])("are checked at synth: with $who, the warning that nobody is paged is $warned", ({ tells, warned }) => {
    const { notifications } = made(tells);
    const messages = notifications.node.metadata.map(({ data }) => String(data));
    expect(messages.some((message) => message.includes("Nobody is paged: fetchonce-prod"))).toBe(warned);
  });
});

describe("alarm topics", () => {
  it("are encrypted with a key of our own, because CloudWatch may not use the AWS managed one", () => {
    const template = Template.fromStack(made(undefined).stack);
    const [keyId, key] = Object.entries(template.findResources("AWS::KMS::Key"))[0] ?? [];
    expect(key?.["Properties"]).toMatchObject({ EnableKeyRotation: true });
    expect(key?.["Properties"].KeyPolicy.Statement).toContainEqual({
      Sid: "LetAlarmsThrough",
      Effect: "Allow",
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: "*",
    });
    const topics = Object.values(template.findResources("AWS::SNS::Topic"));
    expect(topics.map(({ Properties }) => Properties.KmsMasterKeyId)).toEqual(
      [1, 2].map(() => ({ "Fn::GetAtt": [keyId, "Arn"] })),
    );
  });

  it("accept messages from this stack's alarms only, and refuse plain HTTP", () => {
    const template = Template.fromStack(made(undefined).stack);
    const policies = Object.values(template.findResources("AWS::SNS::TopicPolicy"));
    expect(policies).toHaveLength(2);
    for (const { Properties } of policies) {
      const [topic] = Properties.Topics;
      expect(Properties.PolicyDocument.Statement).toEqual([
        expect.objectContaining({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
        {
          Sid: "LetAlarmsPublish",
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic,
          Condition: { ArnLike: { "aws:SourceArn": expect.anything() } },
        },
      ]);
      expect(JSON.stringify(Properties.PolicyDocument)).toContain(":alarm:fetchonce-prod-*");
    }
  });
});
