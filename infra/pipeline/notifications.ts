import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { LoggingLevel, SlackChannelConfiguration } from "aws-cdk-lib/aws-chatbot";
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import { ManagedPolicy, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription, UrlSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Annotations, Aws, RemovalPolicy } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { AlarmTopics } from "./alarm-topics.ts";
import type { Subscribers } from "../environments/environment.ts";

const SEVERITIES = ["page", "ticket"] as const;
type Severity = (typeof SEVERITIES)[number];

const CLOUDWATCH = new ServicePrincipal("cloudwatch.amazonaws.com");

/** Alarms publish to topics that the key encrypts. */
export function letAlarmsUse(key: IKey): void {
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: "LetAlarmsThrough",
      principals: [CLOUDWATCH],
      actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
      resources: ["*"],
    }),
  );
}

export const actionsOf = ({ page, ticket }: AlarmTopics): Readonly<Record<Severity, IAlarmAction>> => ({
  page: new SnsAction(page),
  ticket: new SnsAction(ticket),
});

interface NotificationsProps {
  /** Only alarms whose name starts with it and a hyphen may publish. */
  readonly prefix: string;
  readonly tells: Readonly<Record<Severity, Subscribers>> | undefined;
  /** Undefined: one is made. */
  readonly encryptionKey?: IKey | undefined;
}

/** One SNS topic for each severity, with its subscribers. */
export class Notifications extends Construct {
  readonly topics: Readonly<Record<Severity, Topic>>;
  /** Undefined if nobody is to be told. */
  readonly actions: Readonly<Record<Severity, IAlarmAction>> | undefined;

  readonly #prefix: string;

  constructor(scope: Construct, id: string, { encryptionKey, prefix, tells }: NotificationsProps) {
    super(scope, id);
    this.#prefix = prefix;
    const key = encryptionKey ?? this.#key();
    this.topics = { page: this.#topic("Page", key), ticket: this.#topic("Ticket", key) };
    this.actions = tells && actionsOf(this.topics);
    if (!tells) return;
    for (const severity of SEVERITIES) this.#subscribe(severity, tells[severity]);
    const { emails, httpsUrls, slack } = tells.page;
    if (emails.length + httpsUrls.length === 0 && !slack) {
      Annotations.of(this).addWarningV2(
        "fetchonce:nobody-is-paged",
        `Nobody is paged: ${prefix} has no page subscribers. Add them to monitoring.tells.page.`,
      );
    }
  }

  /** CloudWatch may not use the AWS managed key of SNS: with that key no alarm would ever arrive. */
  #key(): Key {
    const key = new Key(this, "Key", {
      description: "Encrypts alarm notifications in SNS.",
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    letAlarmsUse(key);
    return key;
  }

  #topic(id: string, masterKey: IKey): Topic {
    const topic = new Topic(this, id, { masterKey, enforceSSL: true });
    // A topic policy replaces the default one, which would have let the account's alarms publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "LetAlarmsPublish",
        principals: [CLOUDWATCH],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: {
          ArnLike: {
            "aws:SourceArn": `arn:${Aws.PARTITION}:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm:${this.#prefix}-*`,
          },
        },
      }),
    );
    return topic;
  }

  #subscribe(severity: Severity, { emails, httpsUrls, slack }: Subscribers): void {
    const topic = this.topics[severity];
    for (const email of emails) topic.addSubscription(new EmailSubscription(email));
    for (const url of httpsUrls) {
      if (!url.startsWith("https://"))
        throw new RangeError(`An alarm subscriber is ${url}. Write an endpoint that starts with https://.`);
      topic.addSubscription(new UrlSubscription(url));
    }
    if (slack) {
      const channel = new SlackChannelConfiguration(this, `Slack-${severity}`, {
        slackChannelConfigurationName: `${this.#prefix}-${severity}`,
        slackWorkspaceId: slack.workspaceId,
        slackChannelId: slack.channelId,
        loggingLevel: LoggingLevel.ERROR,
        guardrailPolicies: [ManagedPolicy.fromAwsManagedPolicyName("CloudWatchReadOnlyAccess")],
      });
      channel.addNotificationTopic(topic);
    }
  }
}
