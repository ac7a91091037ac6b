import type { Clock } from "../ports/runtime.ts";
import { QuietWatch } from "./quiet-watch.ts";

/**
 * On a laptop. With the usual 32 slots, 1,024 deliveries in all processes together, of 64 KiB of body and some 50 KiB
 * of socket.
 */
const MOST_PER_SLOT = 32;
/** Unless somebody raises it, a process on Linux has 1,024 descriptors. */
const MOST_SOCKETS = 896;
/** One sick host takes a fifth of the room, ten take five sevenths, and there is always some left for others. */
const ROOM_PER_QUIET = 4;
/**
 * How long the slot of a quiet delivery is double. It takes the next one up to 2 s to be found quiet as well: so silent
 * origins that follow each other are passed ever faster.
 */
const GIVEN_BACK_MS = 2_000;

export interface SlotLimits {
  /** An origin that has sent next to nothing for so long is quiet. */
  readonly quietMs: number;
  /** Deliveries at a time for each slot, quiet ones included. */
  readonly mostPerSlot: number;
}

const ON_A_LAPTOP: SlotLimits = { quietMs: 750, mostPerSlot: MOST_PER_SLOT };

/** A delivery that has begun. */
export interface Slot {
  readonly watch: QuietWatch;
  end(): void;
}

/**
 * How many deliveries a process works on. A delivery whose origin is quiet goes on beside the slots. The time for which
 * a slot was held in vain is given back to others, as an extra slot for as long: otherwise a hundred silent origins at
 * the head of a list would keep all others waiting until the last of them is known to be silent.
 */
export class Slots {
  readonly #clock: Pick<Clock, "after" | "nowMs">;
  readonly #count: number;
  readonly #quietMs: number;
  readonly #most: number;
  #underWay = 0;
  #quiet = 0;
  #extra = 0;
  readonly #quietOf = new Map<string, number>();
  #change = Promise.withResolvers<void>();

  constructor(clock: Pick<Clock, "after" | "nowMs">, count: number, { quietMs, mostPerSlot } = ON_A_LAPTOP) {
    this.#clock = clock;
    this.#count = count;
    this.#quietMs = quietMs;
    this.#most = Math.max(count, Math.min(mostPerSlot * count, MOST_SOCKETS));
  }

  get hasQuiet(): boolean {
    return this.#quiet > 0;
  }

  get free(): number {
    const extra = Math.min(this.#extra, this.#count + this.#quiet);
    const active = this.#underWay - this.#quiet;
    return Math.max(0, Math.min(this.#count + extra - active, this.#room));
  }

  /** Settles when a slot may have become free. */
  async changed(): Promise<void> {
    return this.#change.promise;
  }

  /**
   * Whether a delivery of this host may begin. A host may have a quarter as many quiet ones as there is room for more,
   * so that no number of sick hosts takes all of it.
   */
  admits(host: string): boolean {
    return ROOM_PER_QUIET * (this.#quietOf.get(host) ?? 0) <= this.#room;
  }

  begin(host: string): Slot {
    const begunMs = this.#clock.nowMs();
    let isQuiet = false;
    let wasQuiet = false;
    const change = (toQuiet: boolean): void => {
      if (toQuiet === isQuiet) return;
      isQuiet = toQuiet;
      this.#countQuiet(host, toQuiet ? 1 : -1);
      if (toQuiet && !wasQuiet) this.#giveBack(GIVEN_BACK_MS);
      wasQuiet = true;
      this.#tell();
    };
    this.#underWay += 1;
    const watch = new QuietWatch(this.#clock, this.#quietMs, change);
    return {
      watch,
      end: () => {
        watch.stop();
        change(false);
        this.#underWay -= 1;
        if (watch.isRefused && !wasQuiet) this.#giveBack(Math.min(GIVEN_BACK_MS, this.#clock.nowMs() - begunMs));
        this.#tell();
      },
    };
  }

  get #room(): number {
    return this.#most - this.#underWay;
  }

  #countQuiet(host: string, more: 1 | -1): void {
    this.#quiet += more;
    const ofHost = (this.#quietOf.get(host) ?? 0) + more;
    if (ofHost === 0) this.#quietOf.delete(host);
    else this.#quietOf.set(host, ofHost);
  }

  #giveBack(forMs: number): void {
    this.#extra += 1;
    this.#clock.after(forMs, () => (this.#extra -= 1));
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
