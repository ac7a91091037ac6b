import { limitsOf, type HostRule } from "../../../core/flow/host-limits.ts";
import { hostItemKey } from "../../../core/flow/host-record.ts";
import type { Item } from "../../../core/model/write.ts";
import type { SimulatedOrigin } from "../services/origin.ts";
import type { SimulatedProcess } from "../services/process.ts";
import { LONGEST_REQUEST_MS } from "../services/settings.ts";
import { Violation } from "./violation.ts";

/** Whoever has read the host's record before it asked for rest may have reserved a request, and be about to send it. */
const UNAWARE_MS = LONGEST_REQUEST_MS + 5_000;

interface Services {
  readonly rules: readonly HostRule[];
  readonly items: ReadonlyMap<string, Item>;
  readonly origin: SimulatedOrigin;
  readonly nowMs: () => number;
  /** Limits hold while clocks agree. */
  readonly areClocksEqual: () => boolean;
}

/** No host gets more connections or requests than its limits allow, nor any while it rests. */
export class HostWatch {
  readonly #services: Services;
  readonly #hosts = new Set<string>();
  readonly #askedAtMs = new Map<string, number[]>();
  readonly #rests = new Map<string, { readonly untilMs: number; readonly seenAtMs: number }>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** To be called after each event. */
  look(): void {
    const { items, nowMs } = this.#services;
    for (const host of this.#hosts) {
      const untilMs = items.get(hostItemKey(host))?.["rest_until"];
      if (typeof untilMs !== "number" || untilMs <= nowMs() || this.#rests.get(host)?.untilMs === untilMs) continue;
      this.#rests.set(host, { untilMs, seenAtMs: nowMs() });
    }
  }

  /** @throws Violation */
  asks(process: SimulatedProcess, url: string): void {
    const { areClocksEqual, nowMs, origin, rules } = this.#services;
    const { host, hostname } = new URL(url);
    const limits = limitsOf(rules, hostname);
    if (limits) this.#hosts.add(host);
    if (!limits || process.isClockOff || process.hasStoodStill || !areClocksEqual()) return;
    const { connections = Infinity, perSecond } = limits;
    // The one that asks is not counted yet.
    if (origin.connectionsTo(host) >= connections)
      throw new Violation(`${process.name} opens more than ${connections} connections to ${host}`);
    if (perSecond !== undefined) this.#checkPace(process, host, perSecond);
    const rest = this.#rests.get(host);
    if (rest && nowMs() < rest.untilMs && nowMs() > rest.seenAtMs + UNAWARE_MS)
      throw new Violation(`${process.name} asks ${host}, which rests for ${rest.untilMs - nowMs()} ms`);
  }

  #checkPace(process: SimulatedProcess, host: string, perSecond: number): void {
    const nowMs = this.#services.nowMs();
    const times = this.#askedAtMs.get(host) ?? [];
    this.#askedAtMs.set(host, [...times, nowMs]);
    const before = times.at(-Math.max(1, perSecond)) ?? -Infinity;
    if (nowMs - before < Math.max(1000, 1000 / perSecond))
      throw new Violation(`${process.name} asks ${host} more than ${perSecond} times a second`);
  }
}
