import { CANCELLED } from "../../../core/model/recovery-protocol.ts";
import type { Item, Write } from "../../../core/model/write.ts";
import type { Boundary, Fault, SimulatedProcess } from "../services/process.ts";
import type { VirtualTime } from "../services/time.ts";
import { isFinished } from "./leftovers.ts";
import { numberOf } from "./unfenced-writes.ts";
import { Violation } from "./violation.ts";

/** Until the answer to a look at the record is there. */
const LOOK_TAKES_MS = 2_000;
const LEFT = ["lease_owner", "held_since", "available_at", "watch_at", "watch_shard", "checkpoint"];

/** The writes that end a job because somebody has cancelled it. */
const isCancelling = ({ set }: Write): boolean => set?.["cancelled_by"] !== undefined;

/** What a cancelled job may still do: nothing. */
export class CancelWatch {
  readonly #time: VirtualTime;
  /** By URL: since when its job is cancelled. */
  readonly #since = new Map<unknown, number>();
  /** Processes that a fault kept from looking at their jobs. */
  readonly #excused = new Set<string>();
  /** `process key`: the process has cancelled the job. */
  readonly #cancelled = new Set<string>();

  readonly #looksEveryMs: number;

  readonly #unreadable: string | undefined;

  /**
   * @param looksEveryMs how often workers look whether their jobs are cancelled. 0: they do not.
   * @param unreadable a job whose record no worker can read for a while.
   */
  constructor(time: VirtualTime, looksEveryMs: number, unreadable: string | undefined) {
    this.#time = time;
    this.#looksEveryMs = looksEveryMs;
    this.#unreadable = unreadable;
  }

  /** @returns whether the write cancels a job, and is a correct one. @throws Violation if it is an incorrect one. */
  wrote(process: string, write: Write, before: Item | undefined, after: Item): boolean {
    const { key } = write;
    if (!isCancelling(write)) {
      if (!isFinished(after)) this.#since.delete(after["url"]);
      return false;
    }
    const wrong = (what: string): Violation => new Violation(`${process} cancelled ${key}${what}`);
    if (!process.startsWith("operator")) throw wrong(", but is no operator");
    if (isFinished(before)) throw wrong(`, which was ${JSON.stringify(before?.["state"])}`);
    if (this.#cancelled.has(`${process} ${key}`)) throw wrong(" twice");
    this.#cancelled.add(`${process} ${key}`);
    if (numberOf(after, "fence") !== numberOf(before, "fence") + 1) throw wrong(" without a new fence");
    const isFailed = after["state"] === "FAILED" && after["reason"] === CANCELLED.reason;
    if (!isFailed || after["failure_class"] !== CANCELLED.failureClass)
      throw wrong(`, and left it ${JSON.stringify(after["state"])} of ${JSON.stringify(after["reason"])}`);
    if (after["expires_at"] === undefined) throw wrong(", and it never expires");
    const left = LEFT.filter((name) => after[name] !== undefined);
    if (left.length > 0) throw wrong(`, and left ${left.join(", ")}`);
    if (key !== this.#unreadable) this.#since.set(after["url"], this.#time.nowMs);
    return true;
  }

  /** A request is about to be sent. @throws Violation if its job was cancelled before. */
  asks({ hasStoodStill, isClockOff, name }: SimulatedProcess, url: string): void {
    const sinceMs = this.#since.get(url);
    if (sinceMs === undefined || this.#looksEveryMs === 0) return;
    if (hasStoodStill || isClockOff || this.#excused.has(name)) return;
    const afterMs = this.#time.nowMs - sinceMs;
    if (afterMs > this.#looksEveryMs + LOOK_TAKES_MS)
      throw new Violation(`${name} asked for ${url} ${afterMs} ms after its job had been cancelled`);
  }

  /** Whoever could not read the record in time does not know. */
  struck({ method, port, process }: Boundary, fault: Fault): void {
    if (`${port}.${method}` === "items.read" || fault.kind === "freeze") this.#excused.add(process);
  }
}
