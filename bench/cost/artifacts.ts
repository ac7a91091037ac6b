import { setTimeout as sleep } from "node:timers/promises";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { hashItemKey, jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { PipelineOptions } from "../../test/embedded-aws/pipeline.ts";
import type { AwsRequest } from "../../test/embedded-aws/aws/aws.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { AS_DEPLOYED, LocalRun, startOriginProcess, type BenchOrigin } from "../local-run.ts";
import { GIB, KIB, MIB, rounded, type Figure, type Measurement } from "../harness/measurement.ts";
import { cpuSeconds, requireProc } from "../harness/process-figures.ts";
import { billOfRequests } from "./requests.ts";
import { billedItemBytes } from "./storage.ts";

const BATCH = 10;
/** Longer than a function holds log lines back, which is 50 ms. */
const LOG_SETTLES_MS = 300;

export interface Size {
  readonly name: string;
  readonly bytes: number;
  readonly files: number;
  /** In prod it is one of the long lane, whose invocations have one file each. */
  readonly isLong?: boolean;
}

export const SIZES: readonly Size[] = [
  { name: "10 KiB", bytes: 10 * KIB, files: 200 },
  { name: "100 KiB", bytes: 100 * KIB, files: 200 },
  { name: "1 MiB", bytes: MIB, files: 100 },
  { name: "8 MiB", bytes: 8 * MIB, files: 30 },
  { name: "100 MiB", bytes: 100 * MIB, files: 10 },
  { name: "1 GiB", bytes: GIB, files: 2, isLong: true },
];
/** The smallest size again: to measure a second delivery, and the unguarded path. */
export const SECOND_DELIVERY = "10 KiB, second delivery";
export const GATE_OFF = "10 KiB, gate off";
/** So many files that the share of them in a sample is near enough. */
export const SAMPLED: Size = { name: "10 KiB, log of 10 %", bytes: 10 * KIB, files: 2000 };

/** The quantities that are counted for each artifact. Each is stored as a figure `<size>: <name>`. */
export const COUNTS = {
  writeUnits: "DynamoDB write units",
  readUnits: "DynamoDB read units",
  s3Puts: "S3 PUT-class requests",
  s3Gets: "S3 GET-class requests",
  sqsRequests: "SQS requests",
  invocations: "invocations of the worker",
  cpuMs: "CPU time of the worker",
  logBytes: "bytes of log",
  logLines: "lines of log",
  itemBytes: "bytes of items in the table",
} as const;
export type Counts = Readonly<Record<keyof typeof COUNTS, number>>;

const UNITS: Readonly<Partial<Record<keyof Counts, string>>> = {
  cpuMs: "CPU-ms",
  logBytes: "bytes",
  itemBytes: "bytes",
};

/** The pipeline, with its AWS requests and its log lines since the last count. */
export class CountedRun {
  readonly run: LocalRun;
  readonly #seen: AwsRequest[];
  readonly #log: JsonLine[];

  private constructor(run: LocalRun, seen: AwsRequest[], log: JsonLine[]) {
    this.run = run;
    this.#seen = seen;
    this.#log = log;
  }

  static async start(
    scope: AsyncDisposableStack,
    workerEnv: Readonly<Record<string, string>>,
    options: Partial<PipelineOptions> = {},
  ): Promise<CountedRun> {
    const seen: AwsRequest[] = [];
    const log: JsonLine[] = [];
    const keep = (line: JsonLine): void => void log.push(line);
    const run = scope.use(
      await LocalRun.start({
        ...options,
        workerEnv: { ...AS_DEPLOYED, ...workerEnv },
        onAwsRequest: (request) => seen.push(request),
        onTelemetry: keep,
        onMetrics: keep,
        onLog: keep,
      }),
    );
    // The reconciler runs once when the pipeline starts, and not again within an hour.
    while (!seen.some(({ operation }) => operation === "ListObjectsV2")) await sleep(50);
    return new CountedRun(run, seen, log);
  }

  /** What is done meanwhile is not counted. */
  async uncounted(act: () => Promise<void>): Promise<void> {
    const requests = this.#seen.length;
    await act();
    this.#seen.length = requests;
  }

  /**
   * Delivers the messages.
   * @param settle delivers them otherwise.
   * @returns what each message used, as a mean.
   */
  async countsOf(
    messages: readonly JobMessage[],
    settle = async (): Promise<void> => this.run.download(messages),
  ): Promise<Counts> {
    await sleep(LOG_SETTLES_MS);
    this.#seen.length = 0;
    this.#log.length = 0;
    const cpuBefore = await cpuSeconds(this.run.workerPid);
    await settle();
    const cpuMs = ((await cpuSeconds(this.run.workerPid)) - cpuBefore) * 1000;
    await sleep(LOG_SETTLES_MS);
    const requests = ofTheirOwn(this.#seen);
    const invocations = requests.filter(({ operation }) => operation === "DeleteMessageBatch").length;
    const logBytes = this.#log.reduce((sum, line) => sum + Buffer.byteLength(JSON.stringify(line)) + 1, 0);
    const [bill, logLines] = [billOfRequests(requests), this.#log.length];
    const totals: Counts = {
      writeUnits: bill.writeUnits ?? 0,
      readUnits: bill.readUnits ?? 0,
      s3Puts: bill.s3Puts ?? 0,
      s3Gets: bill.s3Gets ?? 0,
      sqsRequests: bill.sqsRequests ?? 0,
      invocations,
      cpuMs,
      logBytes,
      logLines,
      itemBytes: await this.#itemBytes(messages),
    };
    const each = Object.entries(totals).map(([name, total]) => [name, total / messages.length]);
    return Object.fromEntries(each) as Counts;
  }

  async #itemBytes(messages: readonly JobMessage[]): Promise<number> {
    const { clients, names } = this.run.pipeline;
    const items = dynamoItems(clients.dynamodb, names.table);
    const records = await this.run.records(messages);
    const hashes = [...records.values()].flatMap(({ transfer }) => (transfer ? hashItemKey(transfer.sha256) : []));
    const keys = [...messages.map((message) => jobItemKey(jobIdOf(message))), ...hashes];
    const found = await items.readMany(keys);
    return [...found.values()].reduce((sum, item) => sum + billedItemBytes(item), 0);
  }
}

/** Of the reconciler's runs, which are counted by the month. */
const BY_THE_MONTH = new Set(["Query", "ListObjectsV2", "ListMultipartUploads"]);
/** This measurement's own. */
const OURS = new Set(["GetQueueAttributes", "BatchGetItem"]);

/**
 * Leaves out polls that found nothing, which are counted by the month, and this measurement's own requests. Each poll
 * that found messages ends in one request that deletes them.
 */
function ofTheirOwn(seen: readonly AwsRequest[]): readonly AwsRequest[] {
  const ours = seen.filter(({ operation }) => !OURS.has(operation) && !BY_THE_MONTH.has(operation));
  const others = ours.filter(({ operation }) => operation !== "ReceiveMessage");
  const polls = ours.filter(({ operation }) => operation === "ReceiveMessage");
  const deletes = ours.filter(({ operation }) => operation === "DeleteMessageBatch");
  return [...others, ...polls.slice(0, deletes.length)];
}

export const figuresOf = (name: string, counts: Counts): readonly Figure[] =>
  (Object.keys(COUNTS) as (keyof Counts)[]).map((count) => ({
    what: `${name}: ${COUNTS[count]}`,
    value: rounded(counts[count], 3),
    unit: UNITS[count] ?? "each",
  }));

const messagesOf = (origin: BenchOrigin, { name, bytes, files }: Size): readonly JobMessage[] =>
  Array.from({ length: files }, (_, index): OriginFile => ({ name: `${name} ${index}`, size: bytes })).map((file) =>
    origin.messageOf(file),
  );

export const cost: Measurement = {
  about: "billed usage of one artifact of each size, counted by the embedded AWS; npm run generate adds the prices",
  async measure(say, scope) {
    requireProc();
    const origin = scope.use(await startOriginProcess());
    const figures: Figure[] = [];
    const guarded = await CountedRun.start(scope, {});
    const [smallest = SIZES[0]] = SIZES;
    if (!smallest) throw new Error("There is no size to measure.");
    await guarded.run.download(messagesOf(origin, { ...smallest, name: "warm-up" }));
    const count = async (counted: CountedRun, size: Size, atATime = size.files): Promise<void> => {
      const messages = messagesOf(origin, size);
      const settle = async (): Promise<void> => {
        for (let at = 0; at < messages.length; at += atATime)
          await counted.run.download(messages.slice(at, at + atATime));
      };
      figures.push(...figuresOf(size.name, await counted.countsOf(messages, settle)));
      await counted.run.checkDownloaded(messages);
      say(`${size.files} of ${size.name}`);
    };
    for (const size of SIZES.filter(({ isLong }) => isLong !== true)) await count(guarded, size);
    figures.push(...figuresOf(SECOND_DELIVERY, await guarded.countsOf(messagesOf(origin, smallest))));

    const sampled = await CountedRun.start(scope, { LOG_SAMPLE_PERCENT: "10" });
    await sampled.run.download(messagesOf(origin, { ...smallest, name: "warm-up" }));
    figures.push(...figuresOf(SAMPLED.name, await sampled.countsOf(messagesOf(origin, SAMPLED))));

    const long = await CountedRun.start(scope, { LANE: "long" });
    await long.run.download(messagesOf(origin, { ...smallest, name: "long warm-up", files: 1 }));
    for (const size of SIZES.filter(({ isLong }) => isLong === true)) await count(long, size, 1);

    const plain = await CountedRun.start(scope, { DOCSTOKG_ENABLE_IDEMPOTENCY: "false" });
    await plain.run.download(messagesOf(origin, { ...smallest, name: "warm-up" }));
    figures.push(...figuresOf(GATE_OFF, await plain.countsOf(messagesOf(origin, smallest))));
    return {
      figures,
      remarks: [
        `Full batches of ${BATCH} (files of 1 GiB: one at a time), one worker, first deliveries, nothing goes wrong.`,
        "SQS requests include the producer's sending. Polls that find nothing are counted by the month, not here.",
        "CPU time is that of this machine's processor. Lines of log are the worker's own, with its metrics.",
      ],
    };
  },
};
