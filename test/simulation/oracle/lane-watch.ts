import { decodeJob } from "../../../core/model/record-codec.ts";
import type { Item } from "../../../core/model/write.ts";
import type { OutgoingMessage } from "../../../core/model/message.ts";
import type { HttpRequest, HttpResponse } from "../../../core/ports/http.ts";
import type { ShortLane } from "../../../core/transfer/transfer-deps.ts";
import type { SimulatedProcess } from "../services/process.ts";
import { jobOf } from "./message-jobs.ts";
import { numberOf } from "./unfenced-writes.ts";
import { Violation } from "./violation.ts";

/** What the short lane may do with long jobs: hand them over, and nothing else. */
export class LaneWatch {
  readonly #limits: ShortLane;
  /** The processes of the short lane. */
  readonly #short = new Set<string>();
  /** `process jobKey`: the process has handed the job over. */
  readonly #handedOver = new Set<string>();
  /** `process jobKey`: the job's strikes when the process had taken it. */
  readonly #strikes = new Map<string, number>();
  /** By process: URLs whose HEAD has shown a long body in its present invocation. */
  readonly #shown = new Map<string, Set<string>>();
  /** `process url`: how often the process has leased its job. Two deliveries do not know what the other was shown. */
  readonly #leases = new Map<string, number>();

  constructor(limits: ShortLane) {
    this.#limits = limits;
  }

  /** A process of the short lane begins an invocation. */
  begin(process: string): void {
    this.#short.add(process);
    this.#shown.set(process, new Set());
  }

  wrote(process: string, key: string, before: Item | undefined, after: Item): void {
    const wasLong = isLong(before);
    if (wasLong && !isLong(after)) throw new Violation(`${process} took ${key} out of the long lane`);
    if (!this.#short.has(process)) return;
    const isLeased = numberOf(after, "fence") > numberOf(before, "fence");
    if (isLeased && wasLong) throw new Violation(`${process} of the short lane took the long job ${key}`);
    if (isLeased) {
      this.#handedOver.delete(`${process} ${key}`);
      this.#strikes.set(`${process} ${key}`, numberOf(after, "strikes"));
      const leased = `${process} ${decodeJob(after).url}`;
      this.#leases.set(leased, (this.#leases.get(leased) ?? 0) + 1);
    }
    if (numberOf(after, "hops") > numberOf(before, "hops"))
      throw new Violation(`${process} handed ${key} to another invocation of the short lane`);
    if (wasLong || !isLong(after)) return;
    checkUncharged(process, key, { before, after, strikesTaken: this.#strikes.get(`${process} ${key}`) ?? 0 });
    this.#handedOver.add(`${process} ${key}`);
  }

  /**
   * A release whose answer was lost is not known to be one. Its message is delayed until the lease is over. A second
   * message of the producer may be sent again with its group: it has a `sent_at`.
   */
  sent(process: string, messages: readonly OutgoingMessage[]): void {
    for (const { body, delayMs, lane } of messages) {
      const isHandedOver = this.#handedOver.has(`${process} ${jobOf(body)?.key ?? ""}`);
      const isCopy = typeof JSON.parse(body).sent_at === "number";
      if (isHandedOver && lane === undefined && delayMs === undefined && !isCopy)
        throw new Violation(`${process} handed a job over, and sent ${body} to the short lane`);
    }
  }

  answered({ name }: SimulatedProcess, { method, url }: HttpRequest, response: HttpResponse): void {
    const shown = this.#shown.get(name);
    if (!shown) return;
    const isAlone = (this.#leases.get(`${name} ${url}`) ?? 0) < 2;
    if (method === "GET" && isAlone && shown.has(url))
      throw new Violation(`${name} of the short lane asked for the long ${url}`);
    if (method === "HEAD" && this.#isLong(response)) shown.add(url);
  }

  /** A piece of a body has come, `openForMs` after the first one was asked for, by the clock of the process. */
  read({ hasStoodStill, isClockOff, name }: SimulatedProcess, url: string, piece: PieceOf): void {
    if (!this.#short.has(name)) return;
    if (this.#isLong(piece.response)) throw new Violation(`${name} of the short lane fetched the long ${url}`);
    const isOver = !hasStoodStill && !isClockOff && piece.openForMs > this.#limits.shortLaneMs;
    if (isOver) throw new Violation(`${name} of the short lane fetched ${url} for ${piece.openForMs} ms`);
  }

  #isLong({ headers, status }: HttpResponse): boolean {
    return status === 200 && Number(headers["content-length"] ?? 0) >= this.#limits.longFromBytes;
  }
}

export interface PieceOf {
  readonly response: HttpResponse;
  readonly openForMs: number;
}

export const isLong = (item: Item | undefined): boolean => item?.["lane"] === "long";

interface HandOver {
  readonly before: Item | undefined;
  readonly after: Item;
  /** Whoever does not know that its checkpoint was saved gives back what it was charged before that. */
  readonly strikesTaken: number;
}

function checkUncharged(process: string, key: string, { after, before, strikesTaken }: HandOver): void {
  const isGivenBack = (name: string): boolean => numberOf(after, name) === Math.max(0, numberOf(before, name) - 1);
  const isAsBefore = numberOf(after, "strikes") === strikesTaken - 1;
  if (!isGivenBack("attempts") || !(isGivenBack("strikes") || isAsBefore))
    throw new Violation(`${process} handed ${key} over, and charged the attempt`);
  if (after["lease_owner"] !== undefined) throw new Violation(`${process} handed ${key} over and kept its lease`);
}
