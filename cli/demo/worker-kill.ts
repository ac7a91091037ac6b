import type { LocalRun, RunOptions } from "../../local/run/local-run.ts";
import type { Origin } from "../../local/origin/server.ts";
import type { RunWatcher } from "../get/follow.ts";
import type { Tally } from "../get/tally.ts";
import { formatBytes } from "../shared/words.ts";
import type { View } from "../view/view.ts";
import { sentOfBigFile } from "./demo-checks.ts";
import { BIG_FILE } from "./demo-files.ts";

/** Kills the worker that downloads the big file (`kill -9`) once half of the file is staged. */
export class WorkerKill implements RunWatcher {
  readonly options: NonNullable<RunWatcher["options"]>;
  /** Sent by the origin, but not staged when the worker was killed; undefined if none was killed. */
  inFlightBytes: number | undefined;
  readonly #origin: Origin;
  #run: LocalRun | undefined;
  #say: (line: string) => void = () => undefined;
  #killedPid: number | undefined;
  #successorPid: number | undefined;

  constructor(origin: Origin) {
    this.#origin = origin;
    this.options = { onActivity: (...report) => this.#watch(...report) };
  }

  began(run: LocalRun, _tally: Tally, view: View): void {
    this.#run = run;
    this.#say = (line) => view.say(line);
  }

  #watch(pid: number, _bytes: number, files: Parameters<NonNullable<RunOptions["onActivity"]>>[2]): void {
    const url = this.#origin.urlOf(BIG_FILE);
    const big = files.find(({ jobId }) => this.#run?.lines.linesOf(jobId)[0]?.message.url === url);
    if (!big) return;
    if (this.#killedPid === undefined) this.#killAtHalf(pid, big.bytes);
    else if (pid !== this.#killedPid && this.#successorPid === undefined) {
      this.#successorPid = pid;
      this.#say(
        `Worker ${pid} has taken over ${BIG_FILE.name} from worker ${this.#killedPid}, and resumes it in the middle.`,
      );
    }
  }

  #killAtHalf(pid: number, stagedBytes: number): void {
    if (stagedBytes < BIG_FILE.size / 2) return;
    this.#killedPid = pid;
    this.#say(`kill -9 ${pid}: the worker dies with ${formatBytes(stagedBytes)} of ${BIG_FILE.name} staged.`);
    process.kill(pid, "SIGKILL");
    this.inFlightBytes = sentOfBigFile(this.#origin) - stagedBytes;
  }
}
