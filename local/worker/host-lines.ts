import type { Clock } from "../../core/ports/runtime.ts";

const LEAST_WAIT_MS = 1_000;
/** So a hundred a second are looked at again, however many there are. A host that is well again gets no fewer files. */
const APART_MS = 10;

/** The messages of a host that has too many quiet deliveries wait in a line, one behind the other. */
export class HostLines {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #endsMs = new Map<string, number>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** @returns how long the host's next message has to wait. */
  join(host: string): number {
    const nowMs = this.#clock.nowMs();
    const endMs = Math.max(nowMs + LEAST_WAIT_MS, (this.#endsMs.get(host) ?? 0) + APART_MS);
    this.#endsMs.set(host, endMs);
    return endMs - nowMs;
  }
}
