import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { jsonView } from "../../../cli/view/json.ts";
import { plainView, quietView } from "../../../cli/view/plain.ts";
import { terminalView } from "../../../cli/view/terminal.ts";
import type { Output, RunFigures, Snapshot, View } from "../../../cli/view/view.ts";
import { jsonLine } from "../../json-lines.ts";
import type { Outcome } from "../../../local/run/outcome.ts";
import { resultOf, type JobResult } from "../../../local/run/results-file.ts";

const resultWith = (n: number, outcome: Partial<Outcome>, name: string | null = null): JobResult =>
  resultOf(
    { work_id: "w", artifact_id: `a${n}`, url: `https://example.org/dir/f${n}.bin?q` },
    {
      jobId: String(n).repeat(32),
      name,
      outcome: {
        state: "INDEXED",
        sha256: null,
        bytes: null,
        content_type: null,
        key: null,
        attempts: 1,
        resumed_bytes: 0,
        reason: null,
        ...outcome,
      },
    },
  );
const DONE = resultWith(1, { bytes: 1536 }, "example.org/dir/f1.bin");
const SAME = resultWith(3, { state: "DEDUPED", bytes: 10 });
const FAILED = resultWith(2, { state: "FAILED", reason: "retries_exhausted:http_503" });

const DONE_LINE = "done    example.org/dir/f1.bin, 1.5 KiB\n";
const SAME_LINE = "done    f3.bin, 10 B, same content as another file\n";
const FAILED_LINE =
  "FAILED  https://example.org/dir/f2.bin?q: given up after several tries: the origin answered 503 Service Unavailable\n";

const FIGURES: RunFigures = {
  jobs: 3,
  stored: 2,
  failed: 1,
  open: 0,
  stored_before: 0,
  failed_before: 0,
  damaged_before: 0,
  invalid_lines: 0,
  bytes: 1546,
  resumed_bytes: 0,
  retries: 7,
  takeovers: 0,
  elapsed_ms: 12,
  failures: { "retries_exhausted:http_503": 1 },
  stopped: null,
};

function shown(create: (output: Output) => View, columns = 100): { view: View; text: () => string } {
  const output = Object.assign(new PassThrough(), { isTTY: true, columns });
  return { view: create(output), text: () => String(output.read() ?? "") };
}

const WAITING: Snapshot["waiting"] = {
  jobs: 10,
  by: [
    { host: "a.example", reason: "http_503", jobs: 7, inMs: 58 * 60_000 },
    { host: "b.example:8080", reason: "origin_timeout", jobs: 2, inMs: 1500 },
    { host: "c.example", reason: "http_429", jobs: 1, inMs: 10 },
  ],
};

const snapshot = (atMs: number, more: Partial<Snapshot> = {}): Snapshot => ({
  atMs,
  total: 60,
  isGrowing: false,
  done: 0,
  failed: 0,
  bytes: 0,
  underWay: [],
  waiting: { jobs: 0, by: [] },
  ...more,
});

describe("the view off a terminal", () => {
  it("prints a line for each of up to 50 jobs as it ends, and the summary", () => {
    const { view, text } = shown((output) => plainView(output, 50));
    view.say("hello");
    for (const result of [DONE, FAILED, SAME]) view.ended(result);
    view.refresh(snapshot(0, { total: 50 }));
    view.refresh(snapshot(10_000, { total: 50 }));
    view.close(["3 files"], FIGURES);
    expect(text()).toBe(`hello\n${DONE_LINE}${FAILED_LINE}${SAME_LINE}3 files\n`);
  });

  it("prints a line every two seconds, and each failure, for more than 50 jobs", () => {
    const { view, text } = shown((output) => plainView(output, 60));
    view.ended(DONE);
    view.ended(FAILED);
    for (const atMs of [0, 1000, 2000, 3000, 4000])
      view.refresh(snapshot(atMs, { done: atMs / 100, failed: 1, bytes: atMs * 1024 }));
    expect(text()).toBe(
      `${FAILED_LINE}20 of 60 done, 1 failed, 2.0 MiB, 1000.0 KiB/s, 10 files/s, 4.0 s left\n` +
        "40 of 60 done, 1 failed, 3.9 MiB, 1000.0 KiB/s, 10 files/s, 2.0 s left\n",
    );
  });

  it("changes to such lines when standard input has brought more than 50 jobs", () => {
    const { view, text } = shown((output) => plainView(output, 0));
    view.ended(DONE);
    view.refresh(snapshot(0, { total: 51, isGrowing: true }));
    view.ended(DONE);
    view.refresh(snapshot(2000, { total: 70, isGrowing: true, done: 2 }));
    expect(text()).toBe(`${DONE_LINE}2 of 70+ done, 0 B, 0 B/s, 1.0 files/s\n`);
  });

  it("says how many jobs wait, for what, and until when", () => {
    const { view, text } = shown((output) => plainView(output, 60));
    view.refresh(snapshot(0));
    view.refresh(snapshot(2000, { waiting: WAITING }));
    expect(text()).toBe(
      "0 of 60 done, 0 B, 0 B/s, 0.0 files/s; 10 jobs wait: " +
        "7 of a.example: the origin answered 503 Service Unavailable, next in 58 min 0 s; " +
        "2 of b.example:8080: the origin was silent for too long, next in 1.5 s; and others\n",
    );
  });

  it("names no number of a host's jobs where not all were looked at, and no reason where none is known", () => {
    const { view, text } = shown((output) => plainView(output, 60));
    view.refresh(snapshot(0));
    const by = [{ host: "a.example", reason: undefined, jobs: undefined, inMs: 3000 }];
    view.refresh(snapshot(2000, { total: 100_000, waiting: { jobs: 90_000, by } }));
    expect(text()).toBe("0 of 100000 done, 0 B, 0 B/s, 0.0 files/s; 90000 jobs wait: a.example, next in 3.0 s\n");
  });

  it("judges the time that is left by what the last files lack", () => {
    const { view, text } = shown((output) => plainView(output, 60));
    const underWay = [{ label: "big.bin", bytes: 10 * 2 ** 20, size: 30 * 2 ** 20 }];
    view.refresh(snapshot(0, { done: 59, underWay }));
    view.refresh(snapshot(2000, { done: 59, underWay, bytes: 4 * 2 ** 20 }));
    expect(text()).toBe("59 of 60 done, 4.0 MiB, 2.0 MiB/s, 0.0 files/s, 10.0 s left\n");
  });
});

describe("the view off a terminal, while everything that is left waits", () => {
  const waitsFor = (inMs: number, jobs: number, reason = "http_503"): Partial<Snapshot> => ({
    total: 10,
    done: 10 - jobs,
    waiting: { jobs, by: [{ host: "a.example", reason, jobs, inMs }] },
  });
  const LONG = "a.example: the origin answered 503 Service Unavailable, next in 58 min 0 s\n";

  it("says so once, in place of lines that repeat themselves", () => {
    const { view, text } = shown((output) => plainView(output, 60));
    for (let s = 0; s <= 600; s++)
      view.refresh(snapshot(s * 1000, { ...waitsFor((58 * 60 - s) * 1000, 2), total: 60, done: 58 }));
    expect(text()).toBe(`Nothing can be done for now. 2 jobs wait: ${LONG}`);
  });

  it("says so also where each job has a line of its own", () => {
    const { view, text } = shown((output) => plainView(output, 10));
    view.refresh(snapshot(0, waitsFor(58 * 60_000, 1)));
    expect(text()).toBe(`Nothing can be done for now. 1 job waits: ${LONG}`);
  });

  it.each([
    ["half of them are done", waitsFor(58 * 60_000 - 10_000, 5)],
    ["the next moment is a minute later", waitsFor(59 * 60_000, 10)],
    ["the next moment is a minute sooner", waitsFor(50 * 60_000, 10)],
  ])("says so again when %s", (_, changed) => {
    const { view, text } = shown((output) => plainView(output, 10));
    view.refresh(snapshot(0, waitsFor(58 * 60_000, 10)));
    view.refresh(snapshot(10_000, changed));
    expect(text().split("\n").slice(0, -1)).toEqual([
      expect.stringMatching(/^Nothing can be done for now\. 10 jobs wait: /),
      expect.stringMatching(/^Nothing can be done for now\. (5|10) jobs wait: /),
    ]);
  });

  it.each([
    ["the waits are short", waitsFor(499, 2)],
    ["something is under way", { ...waitsFor(5000, 2), underWay: [{ label: "f", bytes: 0, size: undefined }] }],
    ["a job has not begun", { ...waitsFor(5000, 2), total: 11 }],
    ["the list still grows", { ...waitsFor(5000, 2), isGrowing: true }],
    ["nothing is left", waitsFor(0, 0)],
  ])("says nothing of it when %s", (_, more) => {
    const { view, text } = shown((output) => plainView(output, 10));
    view.refresh(snapshot(0, more));
    expect(text()).toBe("");
  });
});

it("the quiet view prints failures and the summary only", () => {
  const { view, text } = shown(quietView);
  view.say("hello");
  for (const result of [DONE, FAILED]) view.ended(result);
  view.refresh(snapshot(9000));
  view.close(["3 files"], FIGURES);
  expect(text()).toBe(`${FAILED_LINE}3 files\n`);
});

describe("the view on a terminal", () => {
  it("shows the totals and the files under way, and failures above them", () => {
    const { view, text } = shown((output) => terminalView(output, 10));
    view.refresh(snapshot(0, { total: 10 }));
    view.refresh(
      snapshot(1000, {
        total: 10,
        done: 4,
        failed: 1,
        bytes: 3 * 2 ** 20,
        underWay: [
          { label: "f1.bin", bytes: 1024, size: 4096 },
          { label: "f2.bin", bytes: 0, size: undefined },
          { label: "empty.txt", bytes: 0, size: 0 },
        ],
      }),
    );
    view.ended(FAILED);
    view.ended(DONE);
    view.say("a line that stays");
    view.close(["the summary"], FIGURES);
    const all = text();
    expect(all).toContain(FAILED_LINE);
    expect(all).not.toContain(DONE_LINE);
    expect(all).toContain("a line that stays\n");
    expect(all).toContain("4 of 10 done, 1 failed, 3.0 MiB, 3.0 MiB/s, 4.0 files/s, 1.5 s left");
    expect(all).toContain("1.0 KiB of 4.0 KiB, 25 %  f1.bin");
    expect(all).toContain("0 B  f2.bin");
    expect(all).toContain("0 B of 0 B, 100 %  empty.txt");
    expect(all).toMatch(/the summary\n$/);
  });

  it("shows what waits on a line of its own, which does not wrap", () => {
    const { view, text } = shown((output) => terminalView(output, 60));
    view.refresh(snapshot(0, { waiting: WAITING }));
    view.refresh(snapshot(1000, { waiting: WAITING, underWay: [{ label: "f1.bin", bytes: 1024, size: 4096 }] }));
    view.close([], FIGURES);
    const all = text();
    expect(all).toContain(
      "  10 jobs wait: 7 of a.example: the origin answered 503 Service Unavailable, next in 58 min 0 s; ",
    );
    expect(all).toContain("1.0 KiB of 4.0 KiB, 25 %  f1.bin");
    expect(all).not.toContain("and others");
  });

  it.each([
    [100, "50 %  a-name-of-30-letters-and-a-few.bin"],
    [38, "50 %  a-name-\u001b"],
    [0, "50 %  a-name-of-30-letters-and-a-few.bin"],
  ])("a line fits into %i columns, where 0 says that the width is not known", (columns, fitting) => {
    const { view, text } = shown((output) => terminalView(output, 1), columns);
    const file = { label: "a-name-of-30-letters-and-a-few.bin", bytes: 1024, size: 2048 };
    view.refresh(snapshot(0, { underWay: [file] }));
    view.close([], FIGURES);
    expect(text()).toContain(fitting);
  });

  it("begins with a list that has no jobs yet", () => {
    const { view, text } = shown((output) => terminalView(output, 0));
    view.refresh(snapshot(0, { total: 0, isGrowing: true }));
    view.close([], FIGURES);
    expect(text()).toContain("0 of 0+ done");
    expect(text()).not.toContain("NaN");
  });
});

describe("the view for programs", () => {
  it("prints a JSON line, which follows the schema, for each message, end, status and summary", () => {
    const { view, text: printed } = shown(jsonView);
    view.say("hello\nworld");
    for (const result of [DONE, FAILED, SAME]) view.ended({ ...result, title: "the user's own" } as JobResult);
    view.refresh(snapshot(0));
    view.refresh(snapshot(2000, { waiting: WAITING }));
    view.close(["in words"], FIGURES);
    const lines = printed().trimEnd().split("\n");
    const parsed = lines.map((each) => jsonLine.parse(JSON.parse(each)));
    expect(parsed.map(({ type }) => type)).toEqual("message result result result status summary".split(" "));
    expect(parsed[1]).toMatchObject({ state: "INDEXED", path: "example.org/dir/f1.bin", title: "the user's own" });
    const words = "the origin answered 503 Service Unavailable";
    expect(parsed[4]).toMatchObject({
      total: 60,
      waiting: 10,
      waits: [{ host: "a.example", reason: "http_503", words, jobs: 7, in_ms: 3_480_000 }, {}, {}],
    });
    expect(parsed.at(-1)).toEqual({ type: "summary", ...FIGURES });
  });
});
