import type { Context, SQSEvent, SQSRecord } from "aws-lambda";
import { afterEach, describe, expect, it, vi } from "vitest";
import { jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import type { Items } from "../../../core/ports/items.ts";
import { createHandler } from "../../../lambdas/worker/create-handler.ts";
import { answer, fileOrigin, MESSAGE, settled, world } from "../../simulation/world.ts";
import { INVOCATION } from "../../invocation.ts";

const recordOf = (messageId: string, body: unknown): SQSRecord => ({
  messageId,
  receiptHandle: `receipt-${messageId}`,
  body: typeof body === "string" ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: "1",
    SentTimestamp: "0",
    SenderId: "sender",
    ApproximateFirstReceiveTimestamp: "0",
  },
  messageAttributes: {},
  md5OfBody: "",
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:queue",
  awsRegion: "us-east-1",
});

const eventOf = (bodies: readonly unknown[]): SQSEvent => ({
  Records: bodies.map((body, index) => recordOf(`m${index}`, body)),
});

const contextWith = (remainingMs: number) => ({ getRemainingTimeInMillis: () => remainingMs }) as Context;

const artifact = (artifact_id: string, url = MESSAGE.url) => ({ ...MESSAGE, artifact_id, url });

describe("the worker's handler", () => {
  it("reports only the records of a batch that have to be delivered again", async () => {
    const w = world();
    w.serve((request) =>
      request.url.endsWith("/busy") ? answer({ status: 503 }) : fileOrigin(Buffer.from(request.url))(request),
    );
    const { items } = w.deps;
    const throttledKey = jobItemKey(jobIdOf(artifact("e")));
    const write: Items["write"] = async (each) => {
      if (each.key === throttledKey) throw new Error("ThrottlingException");
      return items.write(each);
    };
    const handler = createHandler({ ...w.deps, items: { ...items, write } }, 10);
    const event = eventOf([
      artifact("a"),
      artifact("b", "https://origin.example/busy"),
      "{ not JSON",
      artifact("d", "https://origin.example/other"),
      artifact("e"),
    ]);
    expect(await handler(event, contextWith(900_000))).toEqual({ batchItemFailures: [{ itemIdentifier: "m4" }] });
    expect(w.sent).toHaveLength(1);
    expect(w.contentObjects.size).toBe(2);
    expect(w.deadLetters).toHaveLength(1);
  });

  it.each([
    [1, 1],
    [3, 3],
    [10, 6],
  ])("with a concurrency of %d works on %d of six records at a time", async (concurrency, atOnce) => {
    const w = world();
    let now = 0;
    let most = 0;
    w.serve(async ({ method }) => {
      if (method === "HEAD") {
        now += 1;
        most = Math.max(most, now);
        await settled();
        now -= 1;
      }
      return answer({ body: Buffer.from("x") });
    });
    const handler = createHandler(w.deps, concurrency);
    await handler(eventOf(["a", "b", "c", "d", "e", "f"].map((id) => artifact(id))), contextWith(900_000));
    expect(most).toBe(atOnce);
  });

  it("hands an unfinished job over to a new message 30 s before the deadline", async () => {
    const w = world();
    const stalled = Promise.withResolvers<never>();
    w.serve(async (request) => {
      if (request.method === "HEAD") return fileOrigin(Buffer.from("slow"))(request);
      request.signal.addEventListener("abort", () => stalled.reject(request.signal.reason), { once: true });
      return stalled.promise;
    });
    const handler = createHandler(w.deps, 10);
    const response = handler(eventOf([MESSAGE]), contextWith(60_000));
    await settled();
    await w.clock.advance(29_000);
    expect(w.job()?.leaseOwner).toBeDefined();
    await w.clock.advance(1_001);
    expect(await response).toEqual({ batchItemFailures: [] });
    expect(w.job()).toMatchObject({ state: "STREAMING", hops: 1, attempts: 0 });
    expect(w.sent).toHaveLength(1);
  });

  it("returns every record untouched if the deadline is only 30 s away", async () => {
    const w = world();
    const handler = createHandler(w.deps, 1);
    const { batchItemFailures } = await handler(eventOf([artifact("a"), artifact("b")]), contextWith(30_000));
    expect(batchItemFailures).toEqual([{ itemIdentifier: "m0" }, { itemIdentifier: "m1" }]);
    expect(w.items.history).toHaveLength(0);
  });

  it("answers a batch in the queue that it is from", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    const sent: string[] = [];
    const handler = createHandler(w.deps, 10, (queueArn) => ({
      queue: {
        ...w.deps.queue,
        send: async (messages) => Promise.resolve(void sent.push(...messages.map(() => queueArn))),
      },
      inbox: undefined,
    }));
    await handler(eventOf([MESSAGE]), contextWith(900_000));
    expect(sent).toEqual(["arn:aws:sqs:us-east-1:000000000000:queue"]);
    expect(w.sent).toEqual([]);
  });

  it("flushes its telemetry once at the end", async () => {
    const flush = vi.fn<() => void>();
    const w = world({ wrap: (deps) => ({ ...deps, telemetry: { ...deps.telemetry, flush } }) });
    await createHandler(w.deps, 1)(eventOf([]), contextWith(900_000));
    expect(flush).toHaveBeenCalledOnce();
  });
});

describe("the modules of the worker and the reconciler", () => {
  const COMMON = {
    AWS_REGION: "us-east-1",
    ENVIRONMENT_NAME: "test",
    TABLE_NAME: "table",
    QUEUE_URL: "http://127.0.0.1:1/queue",
    URGENT_QUEUE_URL: "http://127.0.0.1:1/urgent",
    LONG_QUEUE_URL: "http://127.0.0.1:1/long",
    DEAD_LETTER_QUEUE_URL: "http://127.0.0.1:1/dead",
    STAGING_BUCKET: "staging",
    REQUEUE_GRACE_MS: "1",
    UNWATCHED_FOR_MS: "60000",
  };
  const WORKER = {
    ...COMMON,
    CONTENT_BUCKET: "content",
    DOCSTOKG_ENABLE_IDEMPOTENCY: "true",
    LANE: "short",
    LONG_FROM_BYTES: "64",
    STAGE_FROM_BYTES: "32",
    HOLD_EVENTS_MS: "5000",
    LOG_SAMPLE_PERCENT: "100",
    REGROUP_AFTER_MS: "30000",
    SHORT_LANE_MS: "20",
    LEASE_TTL_MS: "1000",
    PART_SIZE_BYTES: "8388608",
    RECORD_CONCURRENCY: "10",
    PART_BUFFERS: "5",
    MAX_ATTEMPTS: "8",
    MAX_HOPS: "5",
    WATCH_SHARDS: "64",
    MAX_BODY_BYTES: "100",
    ALLOWED_CONTENT_TYPES: "text/*, Application/PDF",
    ALLOW_PRIVATE_HOSTS: "false",
    DEADLINE_BUFFER_MS: "1000",
    RETRY_BASE_MS: "1",
    RETRY_CAP_MS: "1",
    RECORD_RETENTION_DAYS: "2",
    HTTP_CONNECT_TIMEOUT_MS: "1000",
    HTTP_IDLE_TIMEOUT_MS: "1000",
    HTTP_HEAD_TIMEOUT_MS: "500",
    LEAST_BYTES_PER_SECOND: "10",
    PART_TIMEOUT_MS: "2000",
    ALLOWED_HOSTS: "10.0.0.0/8, *.corp.example",
    KEEPS_CONTENT_ENCODING: "true",
    SECRETS_PREFIX: "fetchonce/",
    MOST_REDIRECTS: "3",
    OBEYS_ROBOTS: "true",
    HELD_BATCH_TAKES_MORE: "false",
    MOST_RANGES: "6",
    HOST_RULES: JSON.stringify([
      ["*", { connections: 4 }],
      ["*.example", "unlimited"],
    ]),
    HOST_PATIENCE_MS: "3600000",
    LONGEST_WAIT_MS: "60000",
    REQUEST_HEADERS: JSON.stringify({
      usual: { "user-agent": "fetchonce/1" },
      byHost: [["*.example", { accept: "text/html" }]],
    }),
  };
  const RECONCILER = { ...COMMON, RECOVER_LIMIT: "1", SWEEP_LIMIT: "1", ORPHAN_AGE_MS: "1" };

  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });
  const stub = (variables: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  };

  it("export a worker handler that answers an empty batch", async () => {
    stub(WORKER);
    const { handler } = await import("../../../lambdas/worker/handler.ts");
    expect(await handler({ Records: [] }, contextWith(10_000))).toEqual({ batchItemFailures: [] });
  });

  it("turn the worker's variables into its settings", async () => {
    const { workerEnv, workerSettings } = await import("../../../lambdas/worker/env.ts");
    expect(workerSettings(workerEnv.parse(WORKER))).toMatchObject({
      gateCeiling: 100,
      recordRetentionMs: 2 * 24 * 3600 * 1000,
      allowedContentTypes: ["text/*", "application/pdf"],
      reach: { isUnlimited: false, names: ["*.corp.example"], mayDowngrade: false },
      keepsContentEncoding: true,
      mostRedirects: 3,
      obeysRobots: true,
      mostRanges: 6,
      hostRules: [
        ["*", { connections: 4 }],
        ["*.example", "unlimited"],
      ],
      hostPatienceMs: 3_600_000,
      watchShards: 64,
      stageFromBytes: 32,
      unwatchedForMs: 60_000,
      regroupAfterMs: 30_000,
      shortLane: { longFromBytes: 64, shortLaneMs: 20 },
      headTimeoutMs: 500,
      pace: { leastBytesPerSecond: 10, overMs: 1000, partMs: 2000 },
      requestHeaders: { usual: { "user-agent": "fetchonce/1" }, byHost: [["*.example", { accept: "text/html" }]] },
      retry: { maxAttempts: 8, longestWaitMs: 60_000 },
    });
  });

  it.each(["7", "65", "8.5", ""])("refuse to write to %j shards of the watch index", async (shards) => {
    const { workerEnv } = await import("../../../lambdas/worker/env.ts");
    expect(workerEnv.safeParse({ ...WORKER, WATCH_SHARDS: shards }).success).toBe(false);
  });

  it("hand nothing over and watch every lease in the long lane", async () => {
    const { workerEnv, workerSettings } = await import("../../../lambdas/worker/env.ts");
    const { shortLane, unwatchedForMs } = workerSettings(workerEnv.parse({ ...WORKER, LANE: "long" }));
    expect({ shortLane, unwatchedForMs }).toEqual({ shortLane: undefined, unwatchedForMs: 0 });
  });

  it.each([
    ["worker", WORKER],
    ["reconciler", RECONCILER],
  ])("fail to load without TABLE_NAME: %s", async (name, variables) => {
    stub({ ...variables, TABLE_NAME: "" });
    await expect(import(`../../../lambdas/${name}/handler.ts`)).rejects.toThrow(/TABLE_NAME: .*/);
  });

  it("export a reconciler handler, which returns what it did and flushes its telemetry", async () => {
    stub(RECONCILER);
    await expect(import("../../../lambdas/reconciler/handler.ts")).resolves.toHaveProperty("handler");
    const { createHandler: createReconciler } = await import("../../../lambdas/reconciler/create-handler.ts");
    const flush = vi.fn<() => void>();
    const w = world();
    const settings = { requeueGraceMs: 1, recoverLimit: 1, sweepLimit: 1, orphanAgeMs: 1 };
    const handler = createReconciler({ ...w.deps, telemetry: { ...w.deps.telemetry, flush }, settings });
    expect(await handler({}, INVOCATION)).toEqual({
      recoveredLeases: 0,
      requeuedJobs: 0,
      dispatchedJobs: 0,
      abandonedOperations: 0,
      removedLitter: 0,
    });
    expect(flush).toHaveBeenCalledOnce();
  });
});
