import { Metric, type MetricProps, Unit } from "aws-cdk-lib/aws-cloudwatch";
import { type IEventBus, type IRuleTarget, Rule } from "aws-cdk-lib/aws-events";
import { Grant, type IGrantable, type IManagedPolicy, PermissionsBoundary } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Duration, Stack, Tags } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { LIST_REFUSED } from "../../core/lists/list-refused.ts";
import { ANNOUNCEMENT_SOURCE, BATCH_ENDED, EVENT_TYPES } from "../../core/model/announcement.ts";
import { METRIC_DIMENSION, METRIC_NAMESPACE, METRICS } from "../../core/telemetry/metrics.ts";
import { Data } from "../data/data.ts";
import { grantPutLists, grantReadReports, grantSubmitBatch } from "../data/grant-batches.ts";
import { grantSubmit } from "../data/grant-submit.ts";
import { refuseWrongSettings } from "../environments/environment-rules.ts";
import type { Environment } from "../environments/environment.ts";
import { DEFAULTS, environmentOf, type Settings } from "../environments/settings.ts";
import type { Network } from "../pipeline/network.ts";
import type { AlarmTopics } from "../pipeline/alarm-topics.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { Existing } from "../data/existing.ts";
import { withOurFlags } from "../shared/flags.ts";
import { letServicesUse } from "./key-policy.ts";
import { nameOf } from "../environments/names.ts";
import { tell } from "../shared/outputs.ts";

export interface FetchonceProps {
  /**
   * Tells several deployments of an account and region apart: it is the value of the dimension `environment` of the
   * metrics. Lower-case letters, digits and hyphens, at most 40. Default: made from the construct's id.
   */
  readonly name?: string | undefined;
  /** What the names of alarms, rules, dashboard and event bus begin with. Default: `fetchonce-` and `name`. */
  readonly namePrefix?: string | undefined;
  /** Changes of the settings. Default of each: `DEFAULTS`, which are those of the environment `prod`. */
  readonly settings?: Settings | undefined;
  /** What is taken over in the place of what would be made. */
  readonly existing?: Existing | undefined;
  /** Default: the functions run outside of any VPC. */
  readonly network?: Network | undefined;
  /**
   * Encrypts table, queues, buckets, event bus, logs, variables and notifications, but the bucket of S3's access logs.
   * The policy of a key that is not made in this app must let its services use it: docs/embedding.md. Default: keys
   * that AWS owns or manages.
   */
  readonly encryptionKey?: IKey | undefined;
  /** Bounds all roles that are made. */
  readonly permissionsBoundary?: IManagedPolicy | undefined;
  /** Gets the alarms. Default: topics are made, with the subscribers of `settings.monitoring.tells`. */
  readonly alarmTopics?: AlarmTopics | undefined;
  /** Of all resources that take tags. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * The scope of what holds no data: a second stack can be destroyed and deployed again, and the stack of the data be
   * protected as a whole. Default: this construct.
   */
  readonly pipelineScope?: Construct | undefined;
  /**
   * Only for the tests' embedded AWS, where Lambda's own limits do not apply.
   * @internal
   */
  readonly isEmbedded?: boolean | undefined;
}

/** All of fetchonce: jobs, queues, content, the functions that work on them, and their alarms. */
export class Fetchonce extends Construct {
  readonly name: string;
  /** All settings, defaults among them. */
  readonly environment: Environment;
  /** Producers send to it. */
  readonly queue: IQueue;
  /** Holds what could not be processed. An alarm tells of each message in it. */
  readonly deadLetterQueue: IQueue;
  /** Files by their SHA-256, below `sha256/`. */
  readonly content: IBucket;
  /** Where it is announced how each job ended. */
  readonly announcements: IEventBus;
  /** @internal */
  readonly data: Data;
  /** @internal */
  readonly pipeline: Pipeline;

  /** @throws RangeError that lists every setting that is wrong, and what to write. */
  constructor(scope: Construct, id: string, props: FetchonceProps = {}) {
    super(scope, id);
    withOurFlags(this);
    const { encryptionKey, pipelineScope, permissionsBoundary, tags = {} } = props;
    const name = nameOf(props.name ?? id);
    const prefix = props.namePrefix ?? `fetchonce-${name}`;
    const environment = environmentOf(DEFAULTS, props.settings ?? {});
    refuseWrongSettings(`The settings of ${name}`, environment, props.isEmbedded !== true);
    this.name = name;
    this.environment = environment;
    if (encryptionKey) letServicesUse(encryptionKey, Stack.of(this));

    this.data = new Data(this, "Default", {
      environment,
      encryptionKey,
      eventBusName: prefix,
      existing: props.existing ?? {},
    });
    this.queue = this.data.work.queue;
    this.deadLetterQueue = this.data.work.deadLetters;
    this.content = this.data.content;
    this.announcements = this.data.announcements;
    const isApart = pipelineScope !== undefined && Stack.of(pipelineScope) !== Stack.of(this);
    if (isApart) this.data.exportUnderEverySetting();
    this.pipeline = new Pipeline(pipelineScope ?? this, pipelineScope ? id : "Pipeline", {
      name,
      prefix,
      environment,
      data: this.data,
      network: props.network,
      encryptionKey,
      alarmTopics: props.alarmTopics,
    });
    tell(this, { DeploymentName: prefix });
    for (const part of [this, this.pipeline]) {
      for (const [key, value] of Object.entries(tags)) Tags.of(part).add(key, value);
      if (permissionsBoundary) PermissionsBoundary.of(part).apply(permissionsBoundary);
    }
  }

  /** Sends what is announced of each stored file to the targets. Batches too, if `settings.announcements` says so. */
  onStored(id: string, ...targets: readonly IRuleTarget[]): Rule {
    return this.#on(Object.values(EVENT_TYPES.stored), id, targets);
  }

  /** Sends what is announced of each failed job to the targets. */
  onFailed(id: string, ...targets: readonly IRuleTarget[]): Rule {
    return this.#on(Object.values(EVENT_TYPES.failed), id, targets);
  }

  /** Sends what is announced of each batch whose jobs have all ended to the targets. */
  onBatch(id: string, ...targets: readonly IRuleTarget[]): Rule {
    return this.#on([BATCH_ENDED], id, targets);
  }

  /** Sends what is announced of each list in S3 that was refused to the targets. */
  onListRefused(id: string, ...targets: readonly IRuleTarget[]): Rule {
    return this.#on([LIST_REFUSED], id, targets);
  }

  #on(detailType: string[], id: string, targets: readonly IRuleTarget[]): Rule {
    if (this.environment.announcements === "none")
      throw new RangeError(`${this.node.path} announces nothing. Write settings.announcements: "single" or "batched".`);
    return new Rule(this, id, {
      eventBus: this.data.announcements,
      eventPattern: { source: [ANNOUNCEMENT_SOURCE], detailType },
      targets: [...targets],
    });
  }

  /**
   * A metric that docs/telemetry.md lists: by default over five minutes, the sum of a count or the 95th percentile of a
   * time.
   * @throws RangeError if there is none of that name.
   */
  metric(metricName: string, options: Partial<MetricProps> = {}): Metric {
    const { unit } = new Map(Object.entries(METRICS)).get(metricName) ?? {};
    if (unit === undefined)
      throw new RangeError(`There is no metric "${metricName}". Metrics are: ${Object.keys(METRICS).join(", ")}.`);
    return new Metric({
      statistic: unit === "Count" ? "Sum" : "p95",
      unit: unit === "Count" ? Unit.COUNT : Unit.MILLISECONDS,
      period: Duration.minutes(5),
      ...options,
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { [METRIC_DIMENSION]: this.name },
    });
  }

  /** Jobs whose file was stored. */
  metricStored(options?: Partial<MetricProps>): Metric {
    return this.metric("JobsCompleted", options);
  }

  /** Jobs that have failed. */
  metricFailed(options?: Partial<MetricProps>): Metric {
    return this.metric("JobsFailed", options);
  }

  /** Messages that wait in the queue of the short lane, which producers send to. */
  metricBacklog(options?: Partial<MetricProps>): Metric {
    return this.data.work.queue.metricApproximateNumberOfMessagesVisible(options);
  }

  /** Lets a producer send jobs, and do nothing else: docs/producers.md. */
  grantSubmit(grantee: IGrantable): Grant {
    return grantSubmit(this.data.work.queue, grantee);
  }

  /** Lets a producer of the account submit lists as batches (`fetchonce submit --stack`): docs/embedding.md. */
  grantSubmitBatch(grantee: IGrantable): Grant {
    return grantSubmitBatch(this.data, grantee);
  }

  /** Lets a producer put lists into the archive that become batches, and do nothing else: docs/batches.md. */
  grantPutLists(grantee: IGrantable): Grant {
    return grantPutLists(this.data, grantee);
  }

  /** Lets a consumer read the reports of batches, and do nothing else. It reads what an announcement names. */
  grantReadReports(grantee: IGrantable): Grant {
    return grantReadReports(this.data, grantee);
  }

  /** Lets a consumer read the content, and do nothing else. It reads what an announcement names. */
  grantReadContent(grantee: IGrantable): Grant {
    const { content } = this.data;
    const grant = Grant.addToPrincipalOrResource({
      grantee,
      actions: ["s3:GetObject"],
      resourceArns: [content.arnForObjects("sha256/*")],
      resource: content,
    });
    const { encryptionKey: key } = content;
    return key === undefined ? grant : grant.combine(key.grant(grantee, "kms:Decrypt"));
  }
}
