import { performance } from "node:perf_hooks";
import type { OriginFile } from "../local/origin/file.ts";
import { MIB, rounded, type Measured, type Measurement } from "./harness/measurement.ts";
import { peakBytes, requireProc, resetPeak } from "./harness/process-figures.ts";
import { scoped } from "./harness/scope.ts";
import { AS_DEPLOYED, LocalRun, startOriginProcess, type BenchOrigin } from "./local-run.ts";

const BYTES = 640 * MIB;
/** What the origin sends over one connection, in bytes a second. */
const RATE = 2 * MIB;
const RANGES = [1, 4, 8];
const MEMORY_BOUND_MIB = 96;
const WARM_UP: OriginFile = { name: "tiny", size: 1024 };

interface Download {
  readonly ranges: number;
  readonly seconds: number;
  readonly aboveIdleMib: number;
}

async function download(scope: AsyncDisposableStack, origin: BenchOrigin, ranges: number): Promise<Download> {
  const run = scope.use(await LocalRun.start({ workerEnv: { ...AS_DEPLOYED, MOST_RANGES: String(ranges) } }));
  await run.download([origin.messageOf(WARM_UP)]);
  const idle = await resetPeak(run.workerPid);
  const message = origin.messageOf({ name: `over-${ranges}`, size: BYTES, rate: RATE });
  const startedMs = performance.now();
  await run.download([message]);
  const seconds = (performance.now() - startedMs) / 1000;
  const aboveIdleMib = ((await peakBytes(run.workerPid)) - idle) / MIB;
  await run.checkDownloaded([message]);
  return { ranges, seconds, aboveIdleMib };
}

export const ranges: Measurement = {
  about: `a file of ${BYTES / MIB} MiB whose origin sends ${RATE / MIB} MiB/s over one connection, over one and several`,
  async measure(say, scope): Promise<Measured> {
    requireProc();
    const origin = scope.use(await startOriginProcess());
    const downloads: Download[] = [];
    for (const most of RANGES) {
      const one = await scoped(async (inner) => download(inner, origin, most));
      downloads.push(one);
      say(`at most ${most}: ${one.seconds.toFixed(1)} s, ${one.aboveIdleMib.toFixed(1)} MiB above idle`);
    }
    const [alone, ...several] = downloads;
    return {
      figures: [
        ...several.map((one) => ({
          what: `speed over at most ${one.ranges} connections / over one`,
          value: rounded((alone?.seconds ?? 0) / one.seconds),
          unit: "x",
        })),
        ...downloads.map((one) => ({
          what: `peak memory, at most ${one.ranges} connections`,
          value: rounded(one.aboveIdleMib, 1),
          unit: "MiB above idle",
          atMost: MEMORY_BOUND_MIB,
        })),
      ],
      remarks: [
        "Each download is that of a new worker process. The time is that of the whole job, all of it included in the ratio.",
        "The first part comes over one connection, and the number doubles after each part for as long as that pays.",
      ],
    };
  },
};
