import { describe, expect, it } from "vitest";
import { describeSummary, figuresOf } from "../../../cli/get/summary.ts";
import { Tally } from "../../../cli/get/tally.ts";
import type { Outcome } from "../../../local/run/outcome.ts";

const RUN = { elapsedMs: 61_000, invalid: 0, outDir: "out", stopped: undefined, unwritten: undefined, left: 0 };
const FILES = "Files are in out/files, a line for each is in out/results.jsonl";

function tallyOf(outcomes: readonly Partial<Outcome>[]): Tally {
  const tally = new Tally();
  tally.earlier = { jobs: outcomes.length, done: 0, failed: 0, damaged: 0 };
  for (const [index, outcome] of outcomes.entries()) {
    tally.ended({
      jobId: String(index),
      name: null,
      mtimeMs: null,
      outcome: {
        state: "INDEXED",
        sha256: null,
        bytes: 1024,
        content_type: null,
        key: null,
        attempts: 1,
        resumed_bytes: 0,
        reason: null,
        ...outcome,
      },
    });
  }
  return tally;
}

describe("the last lines of a run", () => {
  it("say what was fetched, what failed and why, and what crashes cost", () => {
    const failures = ["http_404", "http_404", "http_410", "too_large", "torn_body", "http_500", "out_of_time"];
    const tally = tallyOf([
      { attempts: 3, resumed_bytes: 2048 },
      ...failures.map((reason) => ({ state: "FAILED", reason, bytes: null })),
    ]);
    tally.workerDied(7, 2);
    expect(describeSummary(tally, RUN)).toEqual([
      "1 file, 1.0 KiB, in 1 min 1 s (17 B/s); 7 FAILED",
      "2 retries, 2.0 KiB resumed instead of fetched again, 2 jobs taken over from a dead worker",
      "  2 FAILED: the origin answered 404 Not Found",
      "  1 FAILED: the origin answered 410 Gone",
      "  1 FAILED: it is larger than the limit",
      "  1 FAILED: its body ended too early",
      "  1 FAILED: the origin answered 500 Internal Server Error",
      "  and 1 other reason",
      FILES,
    ]);
    expect(figuresOf(tally, RUN)).toMatchObject({ jobs: 8, stored: 1, failed: 7, retries: 2, takeovers: 2, open: 0 });
  });

  it("tell this run from earlier ones, and say how to go on", () => {
    const tally = tallyOf([{}]);
    tally.earlier = { jobs: 10, done: 4, failed: 2, damaged: 1 };
    expect(describeSummary(tally, { ...RUN, invalid: 1, left: 3 })).toEqual([
      "1 file, 1.0 KiB, in 1 min 1 s (17 B/s)",
      "1 line was skipped, because it is not valid",
      "4 of 10 were there from an earlier run",
      "1 file of an earlier run had been lost or damaged: fetched again",
      "2 of 10 failed in an earlier run. To try them again, add --retry-failed",
      "3 of 10 are not done. Run the same command again to go on",
      FILES,
      "3 URLs of an earlier list in out are not done, and left alone. To go on with them: fetchonce get --out out",
    ]);
  });

  it("say nothing of speed if there was nothing to fetch", () => {
    const tally = tallyOf([]);
    tally.earlier = { jobs: 2, done: 2, failed: 0, damaged: 0 };
    expect(describeSummary(tally, RUN)).toEqual(["2 of 2 were there from an earlier run", FILES]);
  });

  it("end with what could not be written, and with the trouble that stopped the run", () => {
    const trouble = "/out/x: no space is left on its disk.";
    const lines = describeSummary(tallyOf([{}]), { ...RUN, unwritten: trouble, stopped: trouble });
    expect(lines.slice(-3)).toEqual([
      "Not written: /out/x: no space is left on its disk.",
      "Stopped: /out/x: no space is left on its disk.",
      "Nothing is lost, and no URL is charged. Mend it, then run the same command again.",
    ]);
  });
});

it("the tally forgets what a worker had under way when it dies", () => {
  const tally = new Tally();
  tally.active(1, 100, [{ jobId: "a", bytes: 60 }]);
  tally.active(2, 10, [{ jobId: "b", bytes: 10 }]);
  tally.workerDied(1, 1);
  expect(tally.underWay.map(({ jobId }) => jobId)).toEqual(["b"]);
  expect([tally.receivedBytes, tally.takeovers]).toEqual([110, 1]);
});
