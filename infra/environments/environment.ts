/** The settings of a deployment, and the ranges of their values. */
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { HostRule } from "../../core/flow/host-rule.ts";

/** Who is notified of alarms of one severity. */
export interface Subscribers {
  /** E-mail addresses. SNS asks each to confirm, and sends nothing before that. */
  readonly emails: readonly string[];
  /** HTTPS endpoints that accept SNS notifications, such as those of PagerDuty and Opsgenie. */
  readonly httpsUrls: readonly string[];
  /**
   * A channel of a Slack workspace for which Amazon Q Developer in chat applications (formerly AWS Chatbot) is
   * authorized. Optional.
   */
  readonly slack?: { readonly workspaceId: string; readonly channelId: string };
}

export interface Monitoring {
  /** Subscribers by severity. Undefined: alarms change their state, but notify nobody. */
  readonly tells: Readonly<Record<"page" | "ticket", Subscribers>> | undefined;
  /**
   * What the link in an alarm's text starts with, before `/<page>.md#<section>`. Set it to the address where your
   * people read docs/runbooks/, beginning with `https://`. A path is no link: synth warns if somebody is to be told.
   */
  readonly runbookBaseUrl: string;
  /** The rollout of the gate in steps of 5, 25, 50 and 100 %. */
  readonly gateRollout: {
    /**
     * How long all alarms must have been OK before the next step. In ms: whole minutes, at least 10. The slowest alarms
     * that page look at six hours, so a shorter time takes a step before they have seen the last one.
     */
    readonly bakeMs: number;
    /** How long a rollout holds its step while the alarms cannot be read, before it goes back. In ms, as `bakeMs`. */
    readonly blindMs: number;
  };
}

/** The share of invocations that new code gets at first, and for how long. The rest follows at once. */
export type CodeDeploymentPace = "10 % for 5 minutes" | "10 % for 30 minutes" | "30 % for an hour";

/** Each makes up to 10 invocations at the same time, and costs by the hour. */
interface ProvisionedPollers {
  /** Kept ready when there is nothing to do. 2 to 200. */
  readonly minimum: number;
  /** At least `minimum`, at most 2,000. */
  readonly maximum: number;
}

/** What the event bus gets when a file is stored. */
type Announcements = "single" | "batched" | "none";

/** What becomes of a finished job's record after `recordRetentionDays`. */
export type ExpiredRecords = "delete" | "archive" | "keep";

/**
 * The settings of one deployment. All are required. Ranges include their ends; `environment-rules.ts` refuses any other
 * value at synth, and says why. Those that become variables of a function are described in `lambdas/<name>/env.ts` too.
 */
export interface Environment {
  /**
   * The gate's ceiling: "true" (all jobs), "false" (none), or the percentage of jobs, "0" to "100", that may take the
   * guarded path. The gate document in the table may admit fewer. Becomes `DOCSTOKG_ENABLE_IDEMPOTENCY`; `DOCSTOKG_` is
   * the historical name of the pipeline's flag, kept because deployments and scripts set it.
   */
  readonly enableIdempotency: string;
  /** true: the table and both stacks refuse to be deleted, and the table and buckets outlive a deleted stack. */
  readonly protectData: boolean;
  /** Whether DynamoDB keeps continuous backups of the table. */
  readonly pointInTimeRecovery: boolean;
  /**
   * Jobs a second that the table and its index take at once, 500 to 500 times `watchShards`. Above 5,000 the quota of
   * a table must have been raised. Undefined: 500, as of every new on-demand table, and twice the last peak after about
   * 30 minutes. Set it before a first load that is higher: AWS charges once for the difference, and does not lower it
   * again.
   */
  readonly warmJobsASecond: number | undefined;
  /**
   * Shards of the index `watch` to which workers write, 8 to 64. Each takes 500 jobs a second. Versions up to 0.2.0
   * read 8 of them only: docs/deploying.md says how to upgrade from these.
   */
  readonly watchShards: number;
  /**
   * How old a message may be whose first delivery, in the short lane, leases a new job that nobody watches: if its
   * worker dies, the queue brings it back. That saves two of five write units. In ms, at most 7 days, so that the
   * message stays in the queue for as long again. 0: every lease is watched. Versions up to 0.2.0 expect that:
   * docs/deploying.md says how to upgrade from these.
   */
  readonly unwatchedForMs: number;
  /**
   * How long a message without a group has waited, when its first delivery sends it again with its host as the group:
   * there is a backlog then, and the queue gives messages of quiet groups first. That takes three tenths of an SQS
   * request a job. In ms. 0: never.
   */
  readonly regroupAfterMs: number;
  /**
   * How long a worker holds back the events of a job. If the job ends within that time and without trouble, they
   * become one line of the log. A worker that is killed loses at most so much of the events of the jobs that it works
   * on. In ms, at most 60,000. 0: each event is a line, at once.
   */
  readonly holdEventsMs: number;
  /**
   * Of so many of the jobs that ended within `holdEventsMs` and without trouble the events are logged, 0 to 100. All
   * others are logged whole, and metrics count all. Below 100, `holdEventsMs` must not be 0.
   */
  readonly logSamplePercent: number;
  /** How long CloudWatch keeps the functions' logs. In days, one of those that CloudWatch knows (`RetentionDays`). */
  readonly logRetention: RetentionDays;

  /**
   * Bytes from which on a file is long: HEAD or GET shows it, and it is handed over to the long lane. At least 1. A
   * batch of the short lane waits for its longest file, so this is how long others may wait at a usual speed.
   */
  readonly longFromBytes: number;
  /**
   * Bytes from which on a body is staged before it is published. A shorter one that fits in a part (8 MiB) is put at
   * its content address at once: one request to S3 instead of three. 0: every body is staged.
   */
  readonly stageFromBytes: number;
  /**
   * How long the body of one file may come in the short lane. Then it is handed over, or has failed if it is slower
   * than `leastBytesPerSecond`. In ms, 1,000 to `workerTimeoutMs` - 1,000. With a silence of `httpIdleTimeoutMs` before
   * it, it should end before the invocation, so that each file is judged.
   */
  readonly shortLaneMs: number;
  /** The timeout of the short lane's worker. In ms, 1,000 to 900,000. Two minutes bound what a batch waits for. */
  readonly workerTimeoutMs: number;
  /**
   * How long SQS hides a message whose worker died before it took a lease. In ms, `workerTimeoutMs` to 43,200,000
   * (12 hours). Lambda requires the minimum, so it does not apply to `local`. Of the short lane's queue.
   */
  readonly visibilityTimeoutMs: number;
  /**
   * Invocations of the short lane's worker at the same time, 2 to 1,000; undefined with `provisionedPollers`. Lambda
   * does not compare it with the account's own quota (10 in a new account, otherwise 1,000): docs/deploying.md has the
   * arithmetic.
   */
  readonly workerConcurrency: number | undefined;
  /** As many of them for the urgent queue, 2 to 1,000: they work beside the others. */
  readonly urgentWorkerConcurrency: number;
  /** Pollers of the queue that are kept ready, in the place of `workerConcurrency`: for more than 1,000 invocations. */
  readonly provisionedPollers: ProvisionedPollers | undefined;
  /** The same settings of the long lane, whose worker takes one message at a time. Its timeout is not shorter. */
  readonly longWorkerTimeoutMs: number;
  readonly longVisibilityTimeoutMs: number;
  readonly longWorkerConcurrency: number;
  /** Memory of each lane's worker, 128 to 10,240. CPU follows it: 1,769 MiB are one core. */
  readonly workerMemoryMib: number;
  readonly longWorkerMemoryMib: number;
  /**
   * Messages of one batch that a worker processes at the same time, 1 to 10. Use 10: if a worker dies, only the queue
   * brings back the messages that it had not leased yet (docs/adr/0105-short-visibility-whole-batch-leased.md).
   */
  readonly recordConcurrency: number;
  /** Size of a multipart part: the most that a crash costs of a download. In bytes, 5 MiB to 5 GiB. */
  readonly partSizeBytes: number;
  /** Buffers of `partSizeBytes` in one worker, shared by all its messages: they bound its memory. At least 2. */
  readonly partBuffers: number;
  /** Longer bodies fail with class `policy`. In bytes, 1 to 5 TiB. */
  readonly maxBodyBytes: number;
  /** Comma-separated media types or `type/*`. Empty: all types are allowed. */
  readonly allowedContentTypes: string;
  /**
   * Whether a body with a content coding (`Content-Encoding: gzip`), for which nobody asked, is stored as it came and
   * marked. Otherwise the coding is taken away.
   */
  readonly keepsContentEncoding: boolean;
  /** Whether workers may fetch from private, loopback and link-local addresses. */
  readonly allowPrivateHosts: boolean;
  /**
   * What workers may reach besides public addresses and the usual ports: networks (`10.0.0.0/8`), host names and
   * patterns (`*.corp.example`), ports (`:21`), and `https-to-http` for redirects that give up encryption.
   */
  readonly allowedHosts: readonly string[];
  /**
   * What the names of the secrets in Secrets Manager begin with that messages may name (`auth`), such as
   * `fetchonce/prod/`. Undefined: none can be named.
   */
  readonly secretsPrefix: string | undefined;
  /**
   * How much of a host all workers together may use: a host name, `*.` and a domain, or `*`, and the most `connections`
   * at a time (1 to 1,000), the most requests a second (`perSecond`, 1/3,600 to 1,000), both, none (`{}`: a host is
   * still left alone when it asks for it), or "unlimited". The last rule that fits decides.
   */
  readonly hostLimits: readonly HostRule[];
  /** How long a job waits, uncharged, for a host that is down. In ms, `retryCapMs` to 1,123,200,000 (13 days). */
  readonly hostPatienceMs: number;
  /** Redirects that are followed for one file, 0 to 100. */
  readonly mostRedirects: number;
  /** Whether workers ask for a host's robots.txt first, and obey it: as `fetchonce`, or as everybody (`*`). */
  readonly obeysRobots: boolean;
  /**
   * Whether an invocation of the short lane takes further messages while a delivery holds its batch
   * (docs/adr/0017-a-batch-that-is-held-takes-more.md).
   */
  readonly heldBatchTakesMore: boolean;
  /** Connections over which one large file may come at a time if that makes it faster, 1 to 16. */
  readonly mostRanges: number;
  /** Whom the owner of an origin may write to: an address of a page, or `mailto:`. It goes into the User-Agent. */
  readonly contact: string | undefined;
  /** Request headers by host name or pattern (`*.example.org`): no secrets. Names are in lower case. */
  readonly hostHeaders: Readonly<Record<string, Readonly<Record<string, string>>>>;

  /** How long a lease lasts: a dead worker blocks its job this long. Renewed after a third. In ms, at least 3,000. */
  readonly leaseTtlMs: number;
  /** How late a job's message must be before the reconciler sends another one. In ms, at least 0. */
  readonly requeueGraceMs: number;
  /** How long before its timeout a worker hands over unfinished files. In ms, 1,000 to `workerTimeoutMs` - 1,000. */
  readonly deadlineBufferMs: number;
  /** The same of the long lane. */
  readonly longDeadlineBufferMs: number;
  /** Leases without progress after which a job fails, 1 to 15: below the queue's `MAX_RECEIVE_COUNT`. */
  readonly maxAttempts: number;
  /**
   * How often one file may be carried over to another invocation. At least 1; at most what keeps all its invocations
   * together shorter than S3 keeps an unfinished upload: 286 with a `workerTimeoutMs` of 900,000.
   */
  readonly maxHops: number;
  /** Ceiling of the random wait before the second attempt; doubles with each further one. In ms, 1 to `retryCapMs`. */
  readonly retryBaseMs: number;
  /** The ceiling never grows beyond this. In ms, 1 to 900,000. */
  readonly retryCapMs: number;
  /** The longest wait that an origin may ask for (Retry-After). In ms, `retryBaseMs` to 604,800,000 (7 days). */
  readonly longestWaitMs: number;
  /** How long a finished job's record answers duplicates. In days, at least 15: longer than SQS keeps a message. */
  readonly recordRetentionDays: number;
  /**
   * `delete`: DynamoDB removes expired records. `archive`: it removes them, and a function stores them as JSON lines in
   * S3. `keep`: they stay, and the table only grows.
   */
  readonly expiredRecords: ExpiredRecords;
  /**
   * `single`: an event on the bus for each stored file. `batched`: events of up to 64 KB, each with as many stored
   * files as are due; they come up to ten seconds later, and cost a tenth or less. `none`: no event, and no function
   * that makes them. docs/deploying.md says what a change does to what is under way.
   */
  readonly announcements: Announcements;
  /**
   * How long S3 keeps content, counted from when its bytes were first stored. In days, at least
   * `recordRetentionDays` + 7. Undefined: for ever, the only value allowed with `expiredRecords: "keep"`.
   */
  readonly contentRetentionDays: number | undefined;
  /** How long a connection to an origin may take. In ms, 1 to `workerTimeoutMs`. */
  readonly httpConnectTimeoutMs: number;
  /** Until the whole head of an answer is there, and the longest silence within a body. In ms, as the one above. */
  readonly httpIdleTimeoutMs: number;
  /** How long HEAD is waited for, which only informs. In ms, as the one above. */
  readonly httpHeadTimeoutMs: number;
  /** Origins that send less for `httpIdleTimeoutMs` are given up. In bytes a second, at least 0 (none is given up). */
  readonly leastBytesPerSecond: number;
  /** How long an origin may take for a part, or for a file that is shorter. In ms, 1 to `longWorkerTimeoutMs`. */
  readonly partTimeoutMs: number;

  /**
   * Jobs that one run of the reconciler may recover or dispatch, at least 1. A run begins with no further job after 40
   * seconds, and what is left waits for the next run. Each job takes three calls, one after the other, and 16 jobs are
   * under way: 5,000 take 16 s at 50 ms a job, and 40 s at 128 ms. They took 10 s of a whole processor, with servers
   * that answer at once. A function of 1,024 MB has 0.58 of one: 18 s.
   */
  readonly recoverLimit: number;
  /** Staging objects and uploads that one run of the reconciler may examine, at least 1. */
  readonly sweepLimit: number;
  /** Age at which staging of a job without a record counts as abandoned. In ms, more than `longWorkerTimeoutMs`. */
  readonly orphanAgeMs: number;

  /**
   * How new worker code is rolled out. Undefined: it gets all messages at once. A pace needs `monitoring`: its alarms
   * that page take the new code back.
   */
  readonly codeDeployment: CodeDeploymentPace | undefined;

  /** Alarms, dashboard, saved queries, and the controller of the gate's rollout. Undefined: none of them. */
  readonly monitoring: Monitoring | undefined;
}
