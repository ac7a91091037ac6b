/** Long files among short ones, with the bundled handlers and their two queues. */
import { describe, expect, it } from "vitest";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, MIB, startRun, startSurroundings, type Run } from "../e2e/support.ts";

const LONG: OriginFile = { name: "long", size: 3 * MIB, rate: 256 * KIB };
const SHORT = Array.from({ length: 19 }, (_, index): OriginFile => ({ name: `short-${index}`, size: 1 + index * KIB }));
/** The long one is in the middle of the first batch. */
const FILES = [...SHORT.slice(0, 5), LONG, ...SHORT.slice(5)];

/** The files in the order in which they ended. */
const endedIn = (run: Run): readonly string[] =>
  run.seen.events.flatMap((event) => {
    const file = FILES.find((each) => "job_id" in event && run.idOf(each) === event.job_id);
    return event.event === "job_state_changed" && event.to_state === "INDEXED" && file ? [file.name] : [];
  });

const methodsOf = (run: Run, file: OriginFile): readonly string[] =>
  run.origin.requestsOf(file).map(({ method }) => method);

describe("one of twenty files is long, and the short lane has one worker", () => {
  it.each([
    ["HEAD shows its length", { LONG_FROM_BYTES: String(MIB) }, ["HEAD", "GET"]],
    ["its body goes on and on", { SHORT_LANE_MS: "1000" }, ["HEAD", "GET", "GET"]],
  ])("because %s: it goes to the long lane, and the others end before it", async (_why, workerEnv, methods) => {
    const run = await startRun({
      ...(await startSurroundings()),
      workers: 1,
      workerEnv: { MOST_RANGES: "1", ...workerEnv },
    });
    const records = await run.download(FILES);
    expect([...records.values()].map(({ attempts, hops, state }) => [state, attempts, hops])).toEqual(
      FILES.map(() => ["INDEXED", 1, 0]),
    );
    expect([...records.values()].filter(({ isLong }) => isLong).map(({ artifactId }) => artifactId)).toEqual(["long"]);
    expect(endedIn(run)).toHaveLength(FILES.length);
    expect(endedIn(run).at(-1)).toBe("long");
    expect(methodsOf(run, LONG)).toEqual(methods);
    expect(await run.contentDigest(LONG)).toBe(originSha256(LONG));

    // The short lane's only worker takes each job once, and the long lane's worker nothing but the long one.
    await run.stop();
    const leases = Map.groupBy(run.seen.leases, ({ pid }) => pid);
    expect([...leases.values()].map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([1, FILES.length]);
  });
});
