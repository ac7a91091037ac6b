import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { Activity } from "../../../cli/download/activity.ts";
import { describeReason, fileLabel, formatBytes, formatDuration } from "../../../local/shared/words.ts";
import { JobTracker } from "../../../cli/download/job-tracker.ts";
import { createView, type Snapshot } from "../../../cli/download/progress.ts";
import type { JobResult } from "../../../cli/download/results.ts";
import { describeSummary, hasFailures, summarize } from "../../../cli/download/summary.ts";
import { jobIdOf } from "../../../core/model/keys.ts";
import type { JobRecord } from "../../../core/model/record.ts";

const messageOf = (n: number) => ({ work_id: "w", artifact_id: `a${n}`, url: `https://example.org/dir/f${n}.bin?q` });
const jobId = (n: number): string => jobIdOf(messageOf(n));
const bodyOf = (n: number): string => JSON.stringify({ ...messageOf(n), tracked: true });
const SHA256 = "ab".repeat(32);

function recordOf(n: number, state: JobRecord["state"], more: Partial<JobRecord> = {}): JobRecord {
  const { work_id, artifact_id, url } = messageOf(n);
  return {
    jobId: jobId(n),
    workId: work_id,
    artifactId: artifact_id,
    url,
    state,
    fence: 1,
    plannedAtMs: 0,
    attempts: 1,
    strikes: 1,
    mostStagedBytes: 0,
    hops: 0,
    resumedBytes: 0,
    operations: {},
    ...more,
  };
}
const doneOf = (n: number, bytes: number, more: Partial<JobRecord> = {}): JobRecord =>
  recordOf(n, "INDEXED", {
    transfer: { sha256: SHA256, bytes, contentType: "text/plain", stagedBy: "1", etag: "e" },
    ...more,
  });

function track(numbers: readonly number[], gate = 100): { tracker: JobTracker; ended: JobResult[] } {
  const ended: JobResult[] = [];
  return { tracker: new JobTracker(numbers.map(messageOf), gate, (result) => ended.push(result)), ended };
}

describe("the job tracker", () => {
  it("has a result for every manifest line, in order, and reports the end of each job once", () => {
    const { tracker, ended } = track([1, 2, 1]);
    tracker.meetRecord(recordOf(2, "FAILED", { reason: "http_404" }));
    tracker.meetRecord(doneOf(1, 5));
    tracker.meetRecord(doneOf(1, 5));
    expect([tracker.total, tracker.openCount]).toEqual([2, 0]);
    expect(ended.map(({ artifact_id }) => artifact_id)).toEqual(["a2", "a1"]);
    expect(tracker.results().map(({ artifact_id, state }) => [artifact_id, state])).toEqual([
      ["a1", "INDEXED"],
      ["a2", "FAILED"],
      ["a1", "INDEXED"],
    ]);
    expect(tracker.results()[0]).toMatchObject({
      sha256: SHA256,
      bytes: 5,
      content_type: "text/plain",
      key: `sha256/ab/ab/${SHA256}`,
      attempts: 1,
      reason: null,
    });
  });

  it("reads the records of jobs that telemetry says have ended first, and the others in turn", () => {
    const { tracker } = track([1, 2, 3]);
    tracker.hearTelemetry({
      event: "job_state_changed",
      job_id: jobId(3),
      from_state: "FINALIZED",
      to_state: "INDEXED",
    });
    expect(tracker.nextToRead(1)).toEqual([jobId(3), jobId(1)]);
    expect(tracker.nextToRead(1)).toEqual([jobId(2)]);
    expect(tracker.openCount).toBe(3);
  });

  it("knows the state of an unfinished job from telemetry", () => {
    const { tracker } = track([1]);
    tracker.hearTelemetry({ event: "job_state_changed", job_id: jobId(1), to_state: "STREAMING" });
    expect(tracker.results()[0]).toMatchObject({ state: "STREAMING", sha256: null });
  });

  it("learns the end of a job without a record from the worker's log", () => {
    const { tracker, ended } = track([1, 2], 0);
    const published = { sha256: SHA256, bytes: 3, key: "sha256/k", content_type: "text/html" };
    tracker.hearLog({ level: "info", message: "published", job_id: jobId(1), ...published });
    tracker.hearLog({ level: "error", message: "refused", job_id: jobId(2), reason: "http_410" });
    tracker.hearLog({ level: "warn", message: "something else", job_id: jobId(2) });
    expect(tracker.guardedIds()).toEqual([]);
    expect(tracker.nextToRead(9)).toEqual([]);
    expect(ended).toEqual([
      expect.objectContaining({ state: "PUBLISHED", attempts: null, ...published }),
      expect.objectContaining({ state: "FAILED", reason: "http_410" }),
    ]);
  });

  it("finds the open job that a dead letter belongs to", () => {
    const { tracker } = track([1, 2]);
    tracker.meetRecord(doneOf(2, 1));
    expect([bodyOf(1), bodyOf(2), bodyOf(3), "{}", "no JSON"].map((text) => tracker.openJobOfBody(text))).toEqual([
      jobId(1),
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    tracker.fail(jobId(1), "dead_lettered");
    expect(tracker.openCount).toBe(0);
  });
});

describe("the summary of a run", () => {
  it("counts bytes, retries and takeovers of this run only, and names earlier results", () => {
    const { tracker } = track([1, 2, 3, 4]);
    tracker.meetEarlier(doneOf(1, 1000, { attempts: 3, resumedBytes: 10 }));
    tracker.meetEarlier(recordOf(2, "FAILED", { reason: "http_404" }));
    tracker.meetEarlier(recordOf(3, "STREAMING", { attempts: 2, resumedBytes: 5 }));
    tracker.meetRecord(doneOf(3, 2048, { attempts: 5, resumedBytes: 1029 }));
    const summary = summarize(tracker, 1, 61_000);
    expect(summary).toEqual({
      jobs: 4,
      states: { INDEXED: 2, FAILED: 1, unfinished: 1 },
      doneBefore: 1,
      failedBefore: 1,
      bytes: 2048,
      retries: 2,
      resumedBytes: 1024,
      takeovers: 1,
      elapsedMs: 61_000,
    });
    expect(hasFailures(summary)).toBe(true);
    expect(describeSummary(summary, "out")).toEqual([
      "4 jobs: 2 INDEXED, 1 FAILED, 1 unfinished",
      "2.0 KiB downloaded in 1 min 1 s, 2 retries, 1.0 KiB resumed instead of fetched again, " +
        "1 job taken over from a crashed worker",
      "1 of 4 done in an earlier run; they were not fetched again",
      "1 of 4 failed in an earlier run and stay FAILED: a job ends only once. " +
        "To try them again, choose another directory with --out",
      "Files are in out/content; out/results.jsonl has a line for each job",
    ]);
  });

  it("says that nothing was fetched if all jobs were done before", () => {
    const { tracker } = track([1]);
    tracker.meetEarlier(doneOf(1, 1));
    const summary = summarize(tracker, 0, 0);
    expect(hasFailures(summary)).toBe(false);
    expect(describeSummary(summary, "out")).toContain("1 of 1 done in an earlier run; nothing was fetched again");
  });
});

describe("the activity of a run", () => {
  const leased = { event: "job_leased", job_id: jobId(1) };
  const activityOfJob1 = (): Activity => new Activity((id) => (id === jobId(1) ? messageOf(1).url : undefined));

  it("lists each leased job with its staged bytes until its lease is released", () => {
    const activity = activityOfJob1();
    activity.hearTelemetry(leased);
    activity.hearStaged({ key: `staging/${jobId(1)}/1`, bytes: 5 });
    activity.hearStaged({ key: `staging/${jobId(1)}/1`, bytes: 7 });
    activity.hearStaged({ key: "staging/stranger/1", bytes: 100 });
    expect(activity.underWay()).toMatchObject([{ label: "f1.bin", bytes: 12 }]);
    activity.hearStaged({ key: `staging/${jobId(1)}/2`, bytes: 1 });
    expect(activity.underWay()).toMatchObject([{ bytes: 1 }]);
    activity.hearTelemetry({ event: "lease_released", job_id: jobId(1) });
    expect([activity.underWay(), activity.bytes, activity.takeovers]).toEqual([[], 113, 0]);
  });

  it("counts a lease on a job that was never released as a takeover", () => {
    const activity = activityOfJob1();
    activity.hearTelemetry(leased);
    activity.hearTelemetry(leased);
    expect(activity.takeovers).toBe(1);
  });
});

function viewInto(isTTY: boolean, total: number) {
  const output = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  const text = (): string => String(output.read() ?? "");
  return { view: createView(output, total), text };
}

const snapshot = (atMs: number, more: Partial<Snapshot> = {}): Snapshot => ({
  atMs,
  done: 0,
  failed: 0,
  bytes: 0,
  underWay: [],
  ...more,
});

const failedLine = (count: string): string =>
  `[${count}] FAILED f2.bin (w / a2): given up after several tries: the origin answered 503 Service Unavailable. ` +
  "https://example.org/dir/f2.bin?q\n";

describe("progress output without a terminal", () => {
  const { tracker } = track([1, 2]);
  tracker.meetRecord(doneOf(1, 1536));
  tracker.meetRecord(recordOf(2, "FAILED", { reason: "retries_exhausted:http_503" }));
  const [done, failed] = tracker.results() as [JobResult, JobResult];

  it("is one line per job for up to 50 jobs", () => {
    const { view, text } = viewInto(false, 50);
    view.say("hello");
    view.ended(done, 1);
    view.ended(failed, 2);
    view.refresh(snapshot(0));
    view.refresh(snapshot(10_000));
    view.close();
    expect(text()).toBe(`hello\n[1/50] INDEXED f1.bin (w / a1), 1.5 KiB\n${failedLine("2/50")}`);
  });

  it("is a line every two seconds, and each failure, for more than 50 jobs", () => {
    const { view, text } = viewInto(false, 51);
    view.ended(done, 1);
    view.ended(failed, 2);
    for (const atMs of [0, 1000, 2000, 3000, 4500])
      view.refresh(snapshot(atMs, { done: 2, failed: 1, bytes: atMs * 1024 }));
    expect(text()).toBe(
      `${failedLine("2/51")}2 of 51 done, 1 failed, 2.0 MiB, 1000.0 KiB/s\n2 of 51 done, 1 failed, 4.4 MiB, 1000.0 KiB/s\n`,
    );
  });
});

describe("progress output on a terminal", () => {
  it("shows the totals, up to six files in transfer, and failures above them", () => {
    const { view, text } = viewInto(true, 10);
    view.refresh(snapshot(0));
    view.refresh(
      snapshot(1000, {
        done: 4,
        failed: 1,
        bytes: 3 * 2 ** 20,
        underWay: Array.from({ length: 8 }, (_, n) => ({ label: `f${n}.bin`, bytes: n * 1024 })),
      }),
    );
    const { tracker } = track([2]);
    tracker.meetRecord(recordOf(2, "FAILED", { reason: "torn_body" }));
    for (const result of tracker.results()) view.ended(result, 1);
    view.say("a line that stays");
    view.close();
    const shown = text();
    expect(shown).toContain("FAILED f2.bin (w / a2): its body ended too early.");
    expect(shown).toContain("a line that stays\n");
    expect(shown).toContain("4/10 done, 1 failed  3.0 MiB  3.0 MiB/s");
    expect(shown).toContain("1.0 KiB  f1.bin");
    expect(shown).toContain("5.0 KiB  f5.bin");
    expect(shown).not.toContain("f6.bin");
  });
});

describe("the wording of the terminal output", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [5.5 * 2 ** 30, "5.5 GiB"],
    [3 * 2 ** 50, "3072.0 TiB"],
  ])("shows %d bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [900, "0.9 s"],
    [125_000, "2 min 5 s"],
    [7_260_000, "2 h 1 min"],
  ])("shows %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    ["https://example.org/a/b%20c.pdf?x=1", "b c.pdf"],
    ["https://example.org/a/", "a"],
    ["https://example.org", "example.org"],
    ["https://example.org/%E0%A4%A", "%E0%A4%A"],
  ])("labels the file of %s as %s", (url, label) => {
    expect(fileLabel(url)).toBe(label);
  });

  it.each([
    ["http_404", "the origin answered 404 Not Found"],
    ["http_799", "the origin answered 799"],
    ["unsupported_scheme:ftp", "only http and https are downloaded (ftp)"],
    ["retries_exhausted:torn_body", "given up after several tries: its body ended too early"],
    ["something_new:x", "something_new:x"],
  ])("explains the reason %s as: %s", (reason, words) => {
    expect(describeReason(reason)).toBe(words);
  });
});
