import { RetryableError } from "../model/errors.ts";
import { present } from "../model/present.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { Connections } from "./connections.ts";
import { CommonPace, Pace } from "./pace.ts";
import type { Range } from "./resume.ts";
import { askForRange, steadyBody, type AskedRange } from "./steady-body.ts";
import type { TransferDeps } from "./transfer-deps.ts";

/** Half of what may be fetched ahead is under way: then a connection that is slow for a moment stops no other. */
const RANGES_PER_CONNECTION = 2;

interface ClosedRange extends Range {
  readonly end: number;
}

interface Flight extends ClosedRange {
  /** Bytes of it that have come. */
  filled: number;
  /** Never fails: a range that ends too early has fewer bytes. */
  ended: Promise<void>;
}

type Rest = Pick<AskedRange, "offset" | "ownHeaders" | "signal" | "url" | "version">;

/**
 * The rest of a body in ranges, each over a connection of its own. They are fetched ahead of the reader into a ring, of
 * which the byte at `offset + n` has the place `n` modulo its length. If one range does not come, all others stop.
 */
export class RangesAhead {
  readonly #deps: TransferDeps;
  readonly #rest: Rest;
  readonly #ring: Uint8Array;
  readonly #connections: Connections;
  readonly #pace: Pick<Pace, "arrived">;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #flights: Flight[] = [];
  #underWay = 0;
  #asked: number;
  #read: number;
  #failure: unknown;

  private constructor(deps: TransferDeps, rest: Rest, ring: Uint8Array, connections: Connections) {
    this.#deps = deps;
    this.#rest = rest;
    this.#ring = ring;
    this.#connections = connections;
    this.#pace = new CommonPace(deps.clock, new Pace(deps.settings.pace, deps.buffers.bytes));
    this.#signal = AbortSignal.any([rest.signal, this.#stop.signal]);
    this.#asked = rest.offset;
    this.#read = rest.offset;
  }

  /**
   * Asks for the first range. Call `inOrder` next, which ends what this has begun.
   * @returns undefined if there is no memory to spare.
   * @throws what the origin answers if it does not send the range.
   */
  static async begin(deps: TransferDeps, rest: Rest, connections: Connections): Promise<RangesAhead | undefined> {
    const ring = deps.buffers.takeSpare();
    if (!ring) return undefined;
    try {
      const ahead = new RangesAhead(deps, rest, ring, connections);
      const range = present(ahead.#nextRange(), "a range of a body that has more than a part left");
      ahead.#fetch(range, await ahead.#ask(range, deps.settings.headTimeoutMs));
      return ahead;
    } catch (error) {
      deps.buffers.giveBack(ring);
      throw error;
    }
  }

  /** The offset up to which everything was read. */
  get read(): number {
    return this.#read;
  }

  /** Why a range did not come. Undefined also if one connection is as fast as two. */
  get failure(): unknown {
    return this.#failure;
  }

  /** All ranges up to the end, or to one that did not come. A piece is valid until the next one is asked for. */
  async *inOrder(): AsyncIterable<Uint8Array> {
    try {
      this.#fetchMore();
      for (let next = this.#flights[0]; next; next = this.#flights[0]) {
        await next.ended;
        this.#rest.signal.throwIfAborted();
        const { end, filled, offset } = next;
        if (filled > 0) yield this.#placeOf({ offset, end: offset + filled });
        this.#read = offset + filled;
        if (this.#read < end) return;
        this.#flights.shift();
        this.#fetchMore();
      }
    } finally {
      this.#stop.abort();
      await Promise.all(this.#flights.map(async ({ ended }) => ended));
      this.#deps.buffers.giveBack(this.#ring);
    }
  }

  #fetchMore(): void {
    const { count } = this.#connections;
    if (count === 1) return;
    for (let free = count - this.#underWay; free > 0 && !this.#signal.aborted; free--) {
      const range = this.#nextRange();
      if (!range) return;
      this.#fetch(range);
    }
  }

  /** Undefined if all are asked for, or if the ring has no place before the reader goes on. */
  #nextRange(): ClosedRange | undefined {
    const { length } = this.#ring;
    const offset = this.#asked;
    const ringEnd = offset + length - this.#indexOf(offset);
    const bytes = Math.ceil(length / (RANGES_PER_CONNECTION * this.#connections.count));
    const end = Math.min(offset + bytes, ringEnd, this.#rest.version.totalBytes);
    return offset < end && end <= this.#read + length ? { offset, end } : undefined;
  }

  #fetch({ offset, end }: ClosedRange, answer?: HttpResponse): void {
    const flight: Flight = { offset, end, filled: 0, ended: Promise.resolve() };
    this.#asked = end;
    this.#underWay += 1;
    this.#flights.push(flight);
    flight.ended = this.#settle(this.#fill(flight, answer));
  }

  async #settle(filling: Promise<void>): Promise<void> {
    try {
      await filling;
    } catch (error) {
      this.#failure ??= error;
      this.#stop.abort();
    }
    this.#underWay -= 1;
    this.#fetchMore();
  }

  async #fill(flight: Flight, answered: HttpResponse | undefined): Promise<void> {
    const { offset, end } = flight;
    const place = this.#placeOf(flight);
    const answer = answered ?? (await this.#ask(flight));
    const source = { ...this.#rest, signal: this.#signal, offset, end, answer, isNeverEmpty: false, pace: this.#pace };
    for await (const piece of steadyBody(this.#deps, source)) {
      if (piece.length > place.length - flight.filled) throw new RetryableError("torn_body");
      place.set(piece, flight.filled);
      flight.filled += piece.length;
      this.#connections.arrived(piece.length);
    }
  }

  async #ask({ offset, end }: Range, headTimeoutMs?: number): Promise<HttpResponse> {
    const asked = { ...this.#rest, signal: this.#signal, offset, end, headTimeoutMs };
    return askForRange(this.#deps, asked, new RetryableError("torn_body"));
  }

  #indexOf(offset: number): number {
    return (offset - this.#rest.offset) % this.#ring.length;
  }

  #placeOf({ offset, end }: ClosedRange): Uint8Array {
    const index = this.#indexOf(offset);
    return this.#ring.subarray(index, index + end - offset);
  }
}
