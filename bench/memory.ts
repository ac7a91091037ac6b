import { GIB, KIB, MIB, rounded, type Figure, type Measurement } from "./harness/measurement.ts";
import type { OriginFile } from "../local/origin/file.ts";
import { AS_DEPLOYED, LocalRun, startOriginProcess, type BenchOrigin } from "./local-run.ts";
import { scoped } from "./harness/scope.ts";
import { peakBytes, requireProc, resetPeak } from "./harness/process-figures.ts";

const RUNS = 3;
const BOUND_MIB = 96;
const TINY: OriginFile = { name: "tiny", size: KIB };

interface Load {
  readonly what: string;
  readonly files: readonly OriginFile[];
}

const LOADS: readonly Load[] = [
  { what: "one file of 2 GiB", files: [{ name: "big", size: 2 * GIB }] },
  {
    what: "ten files of 64 MiB at a time",
    files: Array.from({ length: 10 }, (_, index) => ({ name: `file-${index}`, size: 64 * MIB })),
  },
];

interface Memory {
  readonly idleMib: number;
  readonly aboveIdleMib: number;
}

async function measureOne(scope: AsyncDisposableStack, origin: BenchOrigin, { files }: Load): Promise<Memory> {
  const run = scope.use(await LocalRun.start({ workerEnv: AS_DEPLOYED }));
  await run.download([origin.messageOf(TINY)]);
  const idle = await resetPeak(run.workerPid);
  const messages = files.map((file) => origin.messageOf(file));
  await run.download(messages);
  const peak = await peakBytes(run.workerPid);
  await run.checkDownloaded(messages);
  return { idleMib: idle / MIB, aboveIdleMib: (peak - idle) / MIB };
}

const highest = (memories: readonly Memory[], figure: keyof Memory): number =>
  rounded(Math.max(...memories.map((memory) => memory[figure])), 1);

export const memory: Measurement = {
  about: `peak resident memory of a worker above its idle memory: the highest of ${RUNS} runs, each in a new process`,
  async measure(say, scope) {
    requireProc();
    const origin = scope.use(await startOriginProcess());
    const figures: Figure[] = [];
    const remarks = ["Idle memory is that of a worker that has downloaded one file of 1 KiB."];
    for (const load of LOADS) {
      const memories: Memory[] = [];
      for (let round = 0; round < RUNS; round += 1) {
        const measured = await scoped(async (one) => measureOne(one, origin, load));
        memories.push(measured);
        say(`${load.what}: ${measured.aboveIdleMib.toFixed(1)} MiB above ${measured.idleMib.toFixed(1)} MiB`);
      }
      figures.push(
        { what: `idle, before ${load.what}`, value: highest(memories, "idleMib"), unit: "MiB" },
        { what: load.what, value: highest(memories, "aboveIdleMib"), unit: "MiB above idle", atMost: BOUND_MIB },
      );
      remarks.push(`All runs with ${load.what}: ${memories.map((one) => one.aboveIdleMib.toFixed(1)).join(", ")} MiB.`);
    }
    return { figures, remarks };
  },
};
