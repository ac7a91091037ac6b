/** Scenarios that together make the functions use every AWS call that they have. */
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { dynamoItems } from "../../../adapters/aws/dynamodb.ts";
import { s3Staging } from "../../../adapters/aws/s3/staging.ts";
import { jobIdOf, jobItemKey, stagingKey } from "../../../core/model/keys.ts";
import { jobMessage, type JobMessage } from "../../../core/model/message.ts";
import type { Items } from "../../../core/ports/items.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import { eventSourceOf } from "../../embedded-aws/lambda/functions.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { startPoller } from "../../embedded-aws/lambda/poller.ts";
import { depthOf, readThrough, sendAll } from "../../embedded-aws/aws/queues.ts";
import { startScheduler } from "../../embedded-aws/lambda/scheduler.ts";
import { until } from "../../e2e/support.ts";
import { DiedError } from "./recorder.ts";
import {
  HANDED_OVER,
  LONG,
  OF_THE_URGENT_QUEUE,
  OF_THE_WORK_QUEUE,
  type Scenario,
  SCENARIOS,
  SMALL,
  WITHOUT_A_RECORD,
} from "./scenario-list.ts";
import { type Loaded, PART_BYTES, type Stage } from "./stage.ts";
import { playBatches } from "./batch-scenario.ts";
import { playRollout } from "./rollout-scenario.ts";
import { playStream } from "./stream-scenarios.ts";

const OVER = new Set<string>(["INDEXED", "DEDUPED", "FAILED", WITHOUT_A_RECORD]);

type Lane = "short" | "long";

/** Handed over without a record, by a worker that the gate did not admit it to. */
const UNTRACKED: OriginFile = { name: "untracked-in-the-long-lane", size: 1000 };

const FIRST = OF_THE_WORK_QUEUE.filter(({ isLater }) => !isLater);
const LATER = OF_THE_WORK_QUEUE.filter(({ isLater }) => isLater);

const WORKER = {
  ALLOW_PRIVATE_HOSTS: "true",
  // Each message goes to the worker that its scenario needs.
  HELD_BATCH_TAKES_MORE: "false",
  PART_SIZE_BYTES: String(PART_BYTES),
  // Smaller bodies are put at their content address at once.
  STAGE_FROM_BYTES: "500",
  // Longer than a busy machine keeps a worker from renewing it. Who loses a lease leaves its calls to others.
  LEASE_TTL_MS: "6000",
  RETRY_BASE_MS: "1",
  RETRY_CAP_MS: "1",
  DEADLINE_BUFFER_MS: "500",
  MAX_ATTEMPTS: "100",
  // The calls of a killed worker never settle, and here its process lives on: others would wait for what it writes of
  // their host. Lambda ends the process as well.
  HOST_RULES: "[]",
};
const UNGUARDED = { DOCSTOKG_ENABLE_IDEMPOTENCY: "false" };
const EVERYTHING_IS_LONG = { LONG_FROM_BYTES: "1" };
/** Long enough on a busy machine too. */
const INVOCATION_MS = 12_000;
/** That of `longer-than-an-invocation`, which its origin takes 5 s to send. */
const SHORT_INVOCATION_MS = 3500;
const RECONCILER = { REQUEUE_GRACE_MS: "500", ORPHAN_AGE_MS: String(INVOCATION_MS) };
const RECONCILE_EVERY_MS = 300;
const WORKERS = 4;

const NO_JOB = '"no job"';

export interface Played {
  /** How each scenario ended, by its file's name. */
  readonly ends: Readonly<Record<string, string>>;
  /** The files whose worker was killed. */
  readonly killed: readonly string[];
  /** Bodies of the messages in the dead-letter queue. */
  readonly deadLetters: readonly string[];
  /** Objects and uploads left in staging. */
  readonly litter: number;
  /** Records in the dead-letter queue of the table's stream. */
  readonly setAside: number;
  /** The phase of the gate after its rollout. */
  readonly gate: string | undefined;
  /** The phase of each batch, by its id. */
  readonly batches: Readonly<Record<string, string>>;
}

export const EXPECTED: Played = {
  ends: Object.fromEntries(SCENARIOS.map(({ file, ends }) => [file.name, ends])),
  killed: SCENARIOS.flatMap(({ file, dies }) => (dies ? [file.name] : [])).sort(),
  deadLetters: [NO_JOB, NO_JOB],
  litter: 0,
  setAside: 3,
  gate: "rolled_back",
  batches: { whole: "ended", "in-part": "waiting" },
};

/** When it returns, no invocation is under way. */
export async function playScenarios(stage: Stage): Promise<Played> {
  const { clients } = stage;
  const short = await laneOf(stage, "short");
  const long = await laneOf(stage, "long");
  const urgent = { ...short, queueUrl: stage.output("UrgentQueueUrl") };
  const lanes = [short, urgent, long];
  const reconciler = await stage.load(stage.output("ReconcilerFunctionName"), RECONCILER, INVOCATION_MS);

  await leaveLitter(stage);
  const VisibilityTimeout = String(INVOCATION_MS / 1000);
  for (const lane of lanes)
    await clients.sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: lane.queueUrl, Attributes: { VisibilityTimeout } }),
    );
  const bodiesOf = (scenarios: readonly Scenario[]): readonly string[] =>
    scenarios.map(({ file }) => JSON.stringify(messageOf(stage, file)));
  await sendAll(clients.sqs, short.queueUrl, [...bodiesOf(FIRST), NO_JOB]);
  await sendAll(clients.sqs, urgent.queueUrl, bodiesOf(OF_THE_URGENT_QUEUE));
  await sendAll(clients.sqs, long.queueUrl, [NO_JOB, JSON.stringify(messageOf(stage, UNTRACKED))]);

  const onTrouble = (): void => undefined;
  const killed = new Set<string>();
  const pollers = lanes.map(({ functionName, loaded, queueUrl }) =>
    startPoller({
      sqs: clients.sqs,
      queueUrl,
      source: { ...eventSourceOf(stage.template, stage.resolve, functionName, queueUrl), batchSize: 1 },
      concurrency: WORKERS,
      invoke: workerThatDies(stage, loaded, killed),
      onTrouble,
    }),
  );
  const scheduler = startScheduler({ everyMs: RECONCILE_EVERY_MS, invoke: reconciler.invoke, onTrouble });
  let seen: Awaited<ReturnType<typeof whenOver>>;
  try {
    await whenOver(stage, FIRST);
    await sendAll(clients.sqs, short.queueUrl, bodiesOf(LATER));
    seen = await whenOver(stage, SCENARIOS);
  } finally {
    await Promise.all([...pollers, scheduler].map(async (loop) => loop.stop()));
  }
  const items = itemsOf(stage);
  const small = messageOf(stage, SMALL);
  const ended = await items.read(jobItemKey(jobIdOf(small)));
  const batches = await playBatches(stage, items, small, INVOCATION_MS);
  const setAside = await playStream(stage, ended ?? {}, INVOCATION_MS);
  const gate = await playRollout(stage, items, INVOCATION_MS);
  return { ...seen, killed: [...killed].sort(), setAside, gate, batches };
}

/** A lane's queue, and its function with the variables that the scenarios need. */
async function laneOf(stage: Stage, lane: Lane) {
  const prefix = lane === "short" ? "" : "Long";
  const functionName = stage.output(`${prefix}WorkerFunctionName`);
  const load = async (remainingMs: number, more: Readonly<Record<string, string>> = {}): Promise<Loaded> =>
    stage.load(functionName, { ...WORKER, ...more }, remainingMs);
  const loaded = {
    guarded: await load(INVOCATION_MS),
    short: await load(SHORT_INVOCATION_MS),
    unguarded: await load(INVOCATION_MS, UNGUARDED),
    handingOver: lane === "short" ? await load(INVOCATION_MS, EVERYTHING_IS_LONG) : undefined,
    handingOverUnguarded:
      lane === "short" ? await load(INVOCATION_MS, { ...UNGUARDED, ...EVERYTHING_IS_LONG }) : undefined,
  };
  return { functionName, loaded, queueUrl: stage.output(`${prefix}QueueUrl`) };
}

const messageOf = ({ origin }: Stage, file: OriginFile): JobMessage => ({
  work_id: "grants",
  artifact_id: file.name,
  url: origin.urlOf(file),
});

/** Leaves one object and one upload that belong to no job. */
async function leaveLitter(stage: Stage): Promise<void> {
  const litter = { Bucket: stage.output("StagingBucketName"), Key: stagingKey("0".repeat(32), "1") };
  await stage.clients.s3.send(new PutObjectCommand({ ...litter, Body: "litter" }));
  await stage.clients.s3.send(new CreateMultipartUploadCommand(litter));
}

/**
 * A scenario's death is over when it has happened. An invocation that is too slow to get so far hands the file on, and
 * the death waits for the next one.
 * @param killed gets the names of the files whose worker was killed.
 */
function workerThatDies(stage: Stage, loaded: Awaited<ReturnType<typeof laneOf>>["loaded"], killed: Set<string>) {
  const deaths = new Map(SCENARIOS.map(({ file, dies }) => [file.name, dies]));
  return async (event: SQSEvent): Promise<unknown> => {
    const message = jobMessage.safeParse(JSON.parse(event.Records[0]?.body ?? "")).data;
    const name = message?.artifact_id ?? "";
    const death = killed.has(name) ? undefined : deaths.get(name);
    try {
      return await workerFor(name, loaded).invoke(event, death);
    } catch (error) {
      if (error instanceof DiedError) {
        // In this order: until the bytes are lost, each further worker of the file dies as well, and uses none of them.
        if (message && death?.losing) await loseStaged(stage, jobIdOf(message));
        killed.add(name);
      }
      throw error;
    }
  };
}

function workerFor(name: string, loaded: Awaited<ReturnType<typeof laneOf>>["loaded"]): Loaded {
  const isHandedOver = name.endsWith(HANDED_OVER);
  if (name.startsWith("unguarded")) return (isHandedOver && loaded.handingOverUnguarded) || loaded.unguarded;
  if (isHandedOver && loaded.handingOver) return loaded.handingOver;
  return name.startsWith(LONG) ? loaded.short : loaded.guarded;
}

async function loseStaged(stage: Stage, jobId: string): Promise<void> {
  const Bucket = stage.output("StagingBucketName");
  const { s3 } = stage.clients;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: stagingKey(jobId, "") }));
  for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
}

const itemsOf = (stage: Stage): Items => dynamoItems(stage.clients.dynamodb, stage.output("TableName"));

type Seen = Omit<Played, "killed" | "setAside" | "gate" | "batches">;

/** Waits until these scenarios are over and the queue and staging are empty. */
async function whenOver(stage: Stage, scenarios: readonly Scenario[]): Promise<Seen> {
  const { s3, sqs } = stage.clients;
  const items = itemsOf(stage);
  const staging = s3Staging(s3, stage.output("StagingBucketName"));
  const look = async (): Promise<Seen> => ({
    ends: Object.fromEntries(
      await Promise.all(
        scenarios.map(async ({ file }) => {
          const item = await items.read(jobItemKey(jobIdOf(messageOf(stage, file))));
          return [file.name, item ? decodeJob(item).state : WITHOUT_A_RECORD] as const;
        }),
      ),
    ),
    deadLetters: (await readThrough(sqs, stage.output("DeadLetterQueueUrl"))).map(({ body }) => body),
    litter: (await staging.litter(undefined, 1000)).found.length,
  });
  let seen = await look();
  await until("every scenario is over", async () => {
    seen = await look();
    const depths = await Promise.all(
      ["QueueUrl", "UrgentQueueUrl", "LongQueueUrl"].map(async (output) => depthOf(sqs, stage.output(output))),
    );
    const waiting = depths.reduce((sum, { visible, inFlight, delayed }) => sum + visible + inFlight + delayed, 0);
    const open = Object.entries(seen.ends).filter(([, state]) => !OVER.has(state));
    return waiting + open.length + seen.litter === 0 ? undefined : JSON.stringify({ waiting, open, ...seen });
  });
  return seen;
}
