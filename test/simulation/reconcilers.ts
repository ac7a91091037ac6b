import { reconcilerIn, type Services } from "./functions.ts";
import type { Processes } from "./processes.ts";
import { checkNothingUnderWay } from "./oracle/under-way.ts";
import type { SimulatedBlobs } from "./services/blobs.ts";
import type { SimulatedItems } from "./services/items.ts";
import { RECONCILE_EVERY_MS } from "./services/settings.ts";
import { NOTHING_HAPPENED, type VirtualTime } from "./services/time.ts";
import { INVOCATION } from "../invocation.ts";

/** A reconciler that starts now cannot meet a job that becomes due later than this. */
const LONGEST_RUN_MS = 5000;

interface Environment {
  readonly time: VirtualTime;
  readonly services: Services;
  readonly blobs: SimulatedBlobs;
  readonly items: SimulatedItems;
  readonly processes: Processes;
  /** How far the clock of the next reconciler is off, in ms. */
  readonly skewMs: () => number;
  /** Runs a check and records the first violation. */
  readonly failIf: (check: () => void) => void;
  /** A run has ended that no fault kept from doing all that it had to do. */
  readonly onEnd: (process: string) => void;
}

/** The reconciler's schedule. */
export class Reconcilers {
  /** The most objects and unfinished uploads that were ever in staging when a run began. */
  mostStaged = 0;
  readonly #env: Environment;
  #started = 0;

  constructor(env: Environment) {
    this.#env = env;
  }

  start(): unknown {
    const { failIf, onEnd, processes, services, skewMs, time } = this.#env;
    time.plan(RECONCILE_EVERY_MS, () => this.start());
    const offMs = skewMs();
    if (this.#isNothingToDo(offMs)) return NOTHING_HAPPENED;
    const process = processes.start("reconciler", offMs);
    const end = (): void => {
      processes.end(process);
      failIf(() => checkNothingUnderWay(process));
      if (!processes.isExcused(process)) onEnd(process.name);
    };
    void reconcilerIn(process, services, this.#started++)({}, INVOCATION).then(end, end);
    return undefined;
  }

  /** A run that would find nothing changes nothing. It is skipped to save time. */
  #isNothingToDo(skewMs: number): boolean {
    const { blobs, items, time } = this.#env;
    const staged = blobs.stagedObjects.size + blobs.uploads.size;
    this.mostStaged = Math.max(this.mostStaged, staged);
    if (staged > 0) return false;
    const untilMs = time.nowMs + skewMs + LONGEST_RUN_MS;
    return ![...items.all.values()].some(({ watch_at: atMs }) => typeof atMs === "number" && atMs < untilMs);
  }
}
