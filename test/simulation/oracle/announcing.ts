import type { Item } from "../../../core/model/write.ts";
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import { jobIdOfItemKey, jobItemKey } from "../../../core/model/keys.ts";
import type { SimulatedBlobs } from "../services/blobs.ts";
import { failedEnd, SimulatedBus, type Told } from "../services/bus.ts";
import { announcerIn } from "../functions.ts";
import { checkFailed, checkSame, checkStored, isFailing, isStored, redrivesOf } from "./announced.ts";
import { Violation } from "./violation.ts";
import type { SimulatedItems } from "../services/items.ts";
import type { SimulatedProcess } from "../services/process.ts";
import { ANNOUNCED_WITHIN_MS, BATCH_BYTES, INVOCATION_MS } from "../services/settings.ts";
import { SimulatedStream } from "../services/stream.ts";
import type { Dice, VirtualTime } from "../services/time.ts";
import type { Trace } from "../services/trace.ts";
import { INVOCATION } from "../../invocation.ts";

interface World {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly items: SimulatedItems;
  readonly blobs: SimulatedBlobs;
  readonly trace: Trace;
  /** Runs a check and records the first violation. */
  readonly failIf: (check: () => void) => void;
  readonly start: (onDeath: () => void) => SimulatedProcess;
  readonly end: (process: SimulatedProcess) => void;
}

/** The way from a job's last write to its event: the table's stream, the announcer and the bus. */
export class Announcing {
  readonly bus: SimulatedBus;
  readonly stream: SimulatedStream;
  /**
   * Whether all events are batches. Undefined: those of every second invocation, as if somebody changed the setting
   * again and again.
   */
  isBatched: boolean | undefined;
  readonly #world: World;
  #invocations = 0;

  constructor(world: World) {
    this.#world = world;
    const { blobs, dice, failIf, items, time } = world;
    const check = (told: Told, before: Told | undefined): void => {
      if (told.state === "FAILED") checkFailed(told, items.changes);
      else checkStored(told, items.all.get(jobItemKey(told.id)), blobs.contentObjects);
      checkSame(told, before);
    };
    const refuse = (why: unknown): void => {
      throw new Violation(`an event was sent that no consumer can read: ${String(why)}`);
    };
    this.bus = new SimulatedBus(
      (told, before) => failIf(() => check(told, before)),
      (why) => failIf(() => refuse(why)),
    );
    this.stream = new SimulatedStream({
      time,
      dice,
      changes: items.changes,
      invoke: async (event) => this.#run(event),
    });
  }

  /** The record of a job that was announced is gone. Should it be done once more, it is announced once more. */
  forget(key: string): void {
    this.stream.forget();
    const jobId = jobIdOfItemKey(key);
    for (const [end, { id }] of this.bus.announced) if (id === jobId) this.bus.announced.delete(end);
  }

  /** Whether nothing of this finished record is left to announce. */
  isTold(key: string, item: Item): boolean {
    const jobId = jobIdOfItemKey(key);
    return this.bus.ends.has(
      isStored(item) ? jobId : failedEnd(jobId, redrivesOf({ key, before: undefined, after: item })),
    );
  }

  get isDone(): boolean {
    return this.stream.waitingSinceMs === undefined;
  }

  /** @throws Violation if a record of the stream waits longer than allowed after its write and after the last fault. */
  checkInTime(faultsUntilMs: number): void {
    const { nowMs } = this.#world.time;
    const sinceMs = this.stream.waitingSinceMs;
    if (sinceMs !== undefined && nowMs > Math.max(sinceMs, faultsUntilMs) + ANNOUNCED_WITHIN_MS)
      throw new Violation("a change of the table was not announced in time");
  }

  /** @throws Violation if a job is stored, or has failed, but was never announced. */
  checkComplete(): void {
    for (const change of this.#world.items.changes) {
      const { key } = change;
      if (!isFailing(change) || this.bus.ends.has(failedEnd(jobIdOfItemKey(key), redrivesOf(change)))) continue;
      throw new Violation(`${key} failed, but was never announced`);
    }
    for (const [key, item] of this.#world.items.all) {
      if (isStored(item) && !this.bus.announced.has(jobIdOfItemKey(key)))
        throw new Violation(`${key} is ${JSON.stringify(item["state"])}, but was never announced`);
    }
  }

  async #run(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse | undefined> {
    const { end, failIf, start, time, trace } = this.#world;
    const isBatched = this.isBatched ?? this.#invocations++ % 2 === 1;
    const batchBytes = isBatched ? BATCH_BYTES : undefined;
    return new Promise((resolve) => {
      const process = start(() => resolve(undefined));
      const stopWatch = time.plan(INVOCATION_MS, () => process.die("the invocation timed out"));
      const over = (response?: DynamoDBBatchResponse): void => {
        stopWatch();
        end(process);
        resolve(response);
      };
      announcerIn(process, { batchBytes, bus: this.bus, trace, failIf })(event, INVOCATION).then(over, () => over());
    });
  }
}
