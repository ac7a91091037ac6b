import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashItemKey, jobIdOf } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { metricsOf } from "../../../../core/telemetry/metrics.ts";
import type { JobRecord } from "../../../../core/model/record.ts";
import {
  redriveFailed,
  selects,
  type FailedRequest,
  type RedriveDeps,
} from "../../../../core/recovery/redrive-failed.ts";
import { MetricSums } from "../../../../dashboards/catalogue/report.ts";
import { answer, fileOrigin, MESSAGE, world, type World, writingBy } from "../../../simulation/world.ts";

const GRACE_MS = 60_000;
const HOUR_MS = 3_600_000;

const depsOf = (w: World, more: Partial<RedriveDeps> = {}): RedriveDeps => ({
  ...w.deps,
  failedJobs: w.items.failedJobs,
  settings: { requeueGraceMs: GRACE_MS },
  ...more,
});

interface Redriven {
  readonly jobs: readonly (readonly [jobId: string, outcome: string])[];
  readonly isComplete: boolean;
  readonly scanned: number;
}

async function redrive(w: World, request: Partial<FailedRequest> = {}, deps = depsOf(w)): Promise<Redriven> {
  const jobs: [string, string][] = [];
  const report = await redriveFailed(deps, {
    selection: {},
    limit: 100,
    isDryRun: false,
    onJob: ({ jobId }, outcome) => jobs.push([jobId, outcome]),
    ...request,
  });
  return { ...report, jobs };
}

const message = (artifact: string): JobMessage => ({ ...MESSAGE, artifact_id: artifact });

/** A world with one job per artifact, each FAILED because its origin answered 404. */
async function failedJobs(...artifacts: readonly string[]): Promise<World> {
  const w = world();
  for (const artifact of artifacts) await w.deliver(message(artifact));
  return w;
}

describe("the redrive of a failed job", () => {
  it("reopens the job and sends its message, and the job is INDEXED once the origin works again", async () => {
    const w = await failedJobs("a");
    await w.clock.advance(HOUR_MS);
    expect(await redrive(w)).toEqual({
      jobs: [[jobIdOf(message("a")), "reopened"]],
      isComplete: true,
      scanned: 1,
      readUnits: 1,
    });
    expect(w.job(message("a"))).toMatchObject({ state: "LEASED", strikes: 0, hops: 0, fence: 2 });
    expect(w.sent.map(({ body }) => JSON.parse(body))).toEqual([{ ...message("a"), tracked: true }]);

    w.serve(fileOrigin(Buffer.from("there now")));
    expect(await w.deliver(w.sent[0]?.body)).toBe("acknowledge");
    expect(w.job(message("a"))).toMatchObject({ state: "INDEXED", attempts: 2, fence: 3 });
    expect(w.job(message("a"))?.reason).toBeUndefined();
  });

  it("lets the job fail again for the same reason, and can be repeated", async () => {
    const w = await failedJobs("a");
    await redrive(w);
    await w.deliver(w.sent[0]?.body);
    expect(w.job(message("a"))).toMatchObject({ state: "FAILED", reason: "http_404" });
    await redrive(w);
    expect(w.items.all.get(`JOB#${jobIdOf(message("a"))}`)).toMatchObject({ redrives: 2, state: "LEASED" });
  });

  it("after a digest mismatch fetches the body again, and does not publish the wrong one", async () => {
    const w = world();
    const body = Buffer.from("right");
    const wanted = { ...MESSAGE, sha256: createHash("sha256").update(body).digest("hex") };
    w.serve(fileOrigin(Buffer.from("wrong")));
    await w.deliver(wanted);
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "digest_mismatch" });
    await redrive(w);
    w.serve(fileOrigin(body, '"v2"'));
    await w.deliver(w.sent[0]?.body);
    expect(w.job()?.state).toBe("INDEXED");
    expect([...w.contentObjects.values()].map((object) => object.body.toString())).toEqual(["right"]);
  });

  it("loses no job if it dies before the message is sent: the reconciler sends the message", async () => {
    const w = await failedJobs("a");
    const dies = { send: async () => Promise.reject(new Error("killed")) };
    await expect(redrive(w, {}, depsOf(w, { queue: dies }))).rejects.toThrow("killed");
    expect(w.sent).toEqual([]);
    await w.clock.advance(GRACE_MS + 1);
    expect(await w.reconcile()).toMatchObject({ requeuedJobs: 1, recoveredLeases: 0 });
    expect(w.sent).toHaveLength(1);
  });

  it("leaves the job FAILED and sends no message if it dies before the write", async () => {
    const w = await failedJobs("a");
    const dies = { write: async () => Promise.reject(new Error("killed")) };
    await expect(redrive(w, {}, depsOf(w, { items: dies }))).rejects.toThrow("killed");
    expect(w.job(message("a"))?.state).toBe("FAILED");
    expect(w.sent).toEqual([]);
  });

  it("leaves a job alone that was reopened in the meantime", async () => {
    const w = await failedJobs("a");
    const page = await w.items.failedJobs.page(undefined);
    await redrive(w);
    const late = depsOf(w, { failedJobs: { page: async () => page } });
    expect(await redrive(w, {}, late)).toMatchObject({ jobs: [[jobIdOf(message("a")), "changed"]] });
    expect(w.sent).toHaveLength(1);
  });

  it("emits job_state_changed from FAILED to the state in which the job continues", async () => {
    const w = await failedJobs("a");
    await redrive(w);
    expect(w.events.at(-1)).toMatchObject({
      event: "job_state_changed",
      job_id: jobIdOf(message("a")),
      from_state: "FAILED",
      to_state: "LEASED",
    });
  });
});

describe("the redrive of a job that failed after its content was published", () => {
  async function failedAfterPublishing(): Promise<World> {
    const w = world({
      settings: { retry: { maxAttempts: 1, baseMs: 1000, capMs: 1000, longestWaitMs: 43_200_000 } },
      wrap: writingBy(async (pass, write) => {
        if (write.key.startsWith("HASH#")) throw new Error("throttled");
        return pass();
      }),
    });
    w.serve(fileOrigin(Buffer.from("body")));
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "FAILED", operations: { FINALIZE: { status: "DONE" } } });
    return w;
  }

  it("continues in FINALIZED: nothing is fetched or published again", async () => {
    const w = await failedAfterPublishing();
    const [requests, published] = [w.requests.length, new Map(w.contentWrites)];
    await redrive(w, {}, depsOf(w, { items: w.items }));
    expect(w.job()?.state).toBe("FINALIZED");
    await w.deliver(w.sent[0]?.body, undefined, { ...w.deps, items: w.items });
    expect(w.job()?.state).toBe("INDEXED");
    expect(w.requests).toHaveLength(requests);
    expect(w.contentWrites).toEqual(published);
    expect(w.items.all.has(hashItemKey(w.job()?.transfer?.sha256 ?? ""))).toBe(true);
  });

  it("does not count the job as completed a second time", async () => {
    const w = await failedAfterPublishing();
    await redrive(w, {}, depsOf(w, { items: w.items }));
    await w.deliver(w.sent[0]?.body, undefined, { ...w.deps, items: w.items });
    const sums = new MetricSums();
    for (const event of w.events) sums.add(event);
    expect(sums.sums).toMatchObject({ JobsCompleted: 1, JobsFailed: 1 });
  });
});

describe("the SLO metrics of a redriven job", () => {
  it("count the reopening as neither a completion nor a failure", () => {
    for (const to_state of ["LEASED", "FINALIZED"] as const) {
      const event = { event: "job_state_changed", job_id: "j", from_state: "FAILED", to_state, since_planned_ms: 1 };
      expect(metricsOf(event as Parameters<typeof metricsOf>[0])).toEqual({});
    }
  });

  it("measure the time to complete from the reopening, not from the first planning", async () => {
    const w = await failedJobs("a");
    await w.clock.advance(24 * HOUR_MS);
    await redrive(w);
    w.serve(fileOrigin(Buffer.from("there now")));
    await w.deliver(w.sent[0]?.body);
    const finalized = w.events.flatMap((event) => ("to_state" in event && event.to_state === "FINALIZED" ? event : []));
    expect(finalized).toMatchObject([{ since_planned_ms: 0 }]);
  });
});

describe("the selection of jobs to redrive", () => {
  const failed: JobRecord = {
    jobId: "j",
    workId: "w",
    artifactId: "a",
    url: "https://origin.example/",
    state: "FAILED",
    fence: 3,
    plannedAtMs: 1000,
    attempts: 1,
    strikes: 1,
    mostStagedBytes: 0,
    hops: 0,
    resumedBytes: 0,
    operations: {},
    reason: "retries_exhausted:http_503",
    failureClass: "origin",
    failedAtMs: 5000,
  };
  const { failedAtMs: _when, ...ofAnOlderVersion } = failed;

  it.each([
    { selection: {}, job: failed, isSelected: true },
    { selection: {}, job: { ...failed, state: "INDEXED" as const }, isSelected: false },
    { selection: { failureClass: "origin" as const }, job: failed, isSelected: true },
    { selection: { failureClass: "system" as const }, job: failed, isSelected: false },
    { selection: { reason: "http_503" }, job: failed, isSelected: true },
    { selection: { reason: "http_404" }, job: failed, isSelected: false },
    { selection: { failedBeforeMs: 5001 }, job: failed, isSelected: true },
    { selection: { failedBeforeMs: 5000 }, job: failed, isSelected: false },
    { selection: { failedAfterMs: 4999 }, job: failed, isSelected: true },
    { selection: { failedAfterMs: 5000 }, job: failed, isSelected: false },
    { selection: { failedBeforeMs: 1001 }, job: ofAnOlderVersion, isSelected: true },
    { selection: { failedAfterMs: 1000 }, job: ofAnOlderVersion, isSelected: false },
    { selection: { failureClass: "origin" as const, reason: "http_404" }, job: failed, isSelected: false },
  ])("$selection selects a job that is $job.state, $job.reason: $isSelected", ({ selection, job, isSelected }) => {
    expect(selects(selection, job)).toBe(isSelected);
  });

  it("has at most `limit` jobs, and the report says that it is not complete if there are more", async () => {
    const w = await failedJobs("a", "b", "c");
    expect(await redrive(w, { limit: 2 })).toMatchObject({ isComplete: false });
    expect(w.sent).toHaveLength(2);
    expect(await redrive(w, { limit: 2 })).toMatchObject({ isComplete: true });
    expect(w.sent).toHaveLength(3);
  });

  it("covers every page of the table", async () => {
    const w = await failedJobs("a", "b", "c");
    const { items } = await w.items.failedJobs.page(undefined);
    const failedPages: RedriveDeps["failedJobs"] = {
      page: async (from = "0") => {
        const at = Number(from);
        const next = at + 1 < items.length ? { next: String(at + 1) } : {};
        return { items: items.slice(at, at + 1), scanned: 10, readUnits: 5, ...next };
      },
    };
    expect(await redrive(w, {}, depsOf(w, { failedJobs: failedPages }))).toMatchObject({ scanned: 30, readUnits: 15 });
    expect(w.sent).toHaveLength(3);
  });

  it("is only reported in a dry run: nothing is written or sent", async () => {
    const w = await failedJobs("a", "b");
    const before = new Map(w.items.all);
    const { jobs } = await redrive(w, { isDryRun: true });
    expect(jobs.map(([, outcome]) => outcome)).toEqual(["selected", "selected"]);
    expect(w.items.all).toEqual(before);
    expect(w.sent).toEqual([]);
  });

  it("is empty if no job has failed", async () => {
    const w = world();
    w.serve(({ method }) => answer(method === "GET" ? { body: Buffer.from("x") } : {}));
    await w.deliver();
    expect(await redrive(w)).toMatchObject({ jobs: [], isComplete: true });
  });
});
