import { DOCUMENT_TRUSTED_MS } from "../../../core/document/document-reader.ts";
import { limitsOf } from "../../../core/flow/host-limits.ts";
import type { HostLimits, HostRule } from "../../../core/flow/host-rule.ts";
import { hostItemKey } from "../../../core/flow/host-record.ts";
import { decodeHostRules, HOST_RULES, type HostRulesDocument } from "../../../core/flow/host-rules-document.ts";
import { HOST_RULES_KEY } from "../../../core/flow/host-rules-found.ts";
import { RetryableError } from "../../../core/model/errors.ts";
import type { Item } from "../../../core/model/write.ts";
import type { HostRuleChange, Unreadable } from "../services/limits.ts";
import type { SimulatedItems } from "../services/items.ts";
import type { SimulatedOrigin } from "../services/origin.ts";
import type { SimulatedProcess } from "../services/process.ts";
import { INVOCATION_MS, LONGEST_REQUEST_MS } from "../services/settings.ts";
import type { VirtualTime } from "../services/time.ts";
import { Violation } from "./violation.ts";

/** Whoever has read the host's record before it asked for rest may have reserved a request, and be about to send it. */
const UNAWARE_MS = LONGEST_REQUEST_MS + 5_000;
/** Nothing is begun by limits that are no longer in force for so long. */
const PACE_OBEYED_AFTER_MS = DOCUMENT_TRUSTED_MS + UNAWARE_MS;
/** Who has a connection keeps it until its job ends. */
const CONNECTIONS_OBEYED_AFTER_MS = PACE_OBEYED_AFTER_MS + INVOCATION_MS;

/** No rule of a schedule or a scenario allows more. */
const MOST_PER_SECOND = 10;

interface Services {
  /** The environment's. */
  readonly rules: readonly HostRule[];
  readonly items: SimulatedItems;
  readonly origin: SimulatedOrigin;
  readonly time: VirtualTime;
  /** Limits hold while clocks agree. */
  readonly areClocksEqual: () => boolean;
  readonly unreadable: Unreadable | undefined;
}

/** No host gets more connections or requests than its limits allow, nor any while it rests. */
export class HostWatch {
  readonly #services: Services;
  readonly #startMs: number;
  readonly #hosts = new Set<string>();
  readonly #askedAtMs = new Map<string, number[]>();
  readonly #rests = new Map<string, { readonly untilMs: number; readonly seenAtMs: number }>();
  readonly #crawls = new Map<string, { readonly delayMs: number; readonly seenAtMs: number }>();
  readonly #filesAskedAtMs = new Map<string, number>();
  /** All rules that have been in force, and from when on. */
  readonly #turns: { readonly fromMs: number; readonly rules: readonly HostRule[] }[];
  /** Operators who have changed the rules: each of them has one command. */
  readonly #authors = new Set<string>();

  constructor(services: Services) {
    this.#services = services;
    this.#startMs = services.time.nowMs;
    this.#turns = [{ fromMs: -Infinity, rules: services.rules }];
  }

  /** Changes the rules before any worker starts. */
  begin({ limits, pattern }: HostRuleChange): void {
    const { items } = this.#services;
    const item = items.all.get(HOST_RULES_KEY);
    const seen = item && decodeHostRules(item);
    const planned = { pattern, limits, reason: "the schedule begins so" };
    void items.write(HOST_RULES.write(seen, planned, HOST_RULES.change(seen, planned, "operator", this.#startMs)));
    this.#turns.splice(0, this.#turns.length, { fromMs: -Infinity, rules: this.#rules() });
  }

  /** @throws RetryableError while no worker can read the operators' rules. */
  checkReadable(): void {
    const { time, unreadable } = this.#services;
    const sinceMs = time.nowMs - this.#startMs;
    if (unreadable && sinceMs >= unreadable.fromMs && sinceMs < unreadable.untilMs)
      throw new RetryableError("outage", { failureClass: "system" });
  }

  /** An operator changed the rules: one pattern's alone, and by a version of its own. @throws Violation */
  written(process: string, before: Item | undefined, after: Item): void {
    this.#turns.push({ fromMs: this.#services.time.nowMs, rules: this.#rules() });
    const [from, to] = [before && decodeHostRules(before), decodeHostRules(after)];
    if (to.version !== (from?.version ?? 0) + 1)
      throw new Violation(`${process} took the rules of hosts from version ${from?.version ?? 0} to ${to.version}`);
    const changed = to.history.at(-1)?.pattern;
    const others = (document: HostRulesDocument | undefined): string =>
      JSON.stringify((document?.rules ?? []).filter(({ pattern }) => pattern !== changed));
    if (others(from) !== others(to)) throw new Violation(`${process} changed rules other than that of ${changed}`);
    const kinds = to.rules.map(({ pattern }) => (pattern.startsWith("*") ? pattern.length : Infinity));
    if (kinds.some((kind, place) => kind < (kinds[place - 1] ?? 0)))
      throw new Violation(`${process} left a rule of a domain before that of its host`);
    if (this.#authors.has(process)) throw new Violation(`${process} changed the rules of hosts twice`);
    this.#authors.add(process);
  }

  /** To be called after each event. */
  look(): void {
    const { items, time } = this.#services;
    for (const host of this.#hosts) {
      const delayMs = Number(items.all.get(hostItemKey(host))?.["crawl_ms"] ?? 0);
      if ((this.#crawls.get(host)?.delayMs ?? 0) !== delayMs) this.#crawls.set(host, { delayMs, seenAtMs: time.nowMs });
      const untilMs = items.all.get(hostItemKey(host))?.["rest_until"];
      if (typeof untilMs !== "number" || untilMs <= time.nowMs || this.#rests.get(host)?.untilMs === untilMs) continue;
      this.#rests.set(host, { untilMs, seenAtMs: time.nowMs });
    }
  }

  /** @throws Violation */
  connects(process: SimulatedProcess, url: string): void {
    const { origin } = this.#services;
    if (!this.#isJudged(process)) return;
    const { host, hostname } = new URL(url);
    const connections = this.#loosest(hostname, CONNECTIONS_OBEYED_AFTER_MS, "connections");
    // The one that connects is not counted yet.
    if (origin.connectionsTo(host) >= connections)
      throw new Violation(`${process.name} opens more than ${connections} connections to ${host}`);
  }

  /** @throws Violation */
  asks(process: SimulatedProcess, url: string): void {
    const { time } = this.#services;
    if (this.#turns.every(({ rules }) => rules.length === 0)) return;
    const { host, hostname } = new URL(url);
    const perSecond = this.#loosest(hostname, PACE_OBEYED_AFTER_MS, "perSecond");
    const limits = this.#limitsSince(hostname, PACE_OBEYED_AFTER_MS);
    const isLimited = limits.every((each) => each !== undefined);
    if (isLimited) this.#hosts.add(host);
    if (!this.#isJudged(process)) return;
    const askedAtMs = this.#askedAtMs.get(host) ?? [];
    this.#askedAtMs.set(host, [...askedAtMs.slice(-MOST_PER_SECOND), time.nowMs]);
    const before = askedAtMs.at(-Math.max(1, perSecond)) ?? -Infinity;
    if (perSecond < Infinity && time.nowMs - before < Math.max(1000, 1000 / perSecond))
      throw new Violation(`${process.name} asks ${host} more than ${perSecond} times a second`);
    this.#checkCrawl(process, url, host);
    const rest = this.#rests.get(host);
    if (isLimited && rest && time.nowMs < rest.untilMs && time.nowMs > rest.seenAtMs + UNAWARE_MS)
      throw new Violation(`${process.name} asks ${host}, which rests for ${rest.untilMs - time.nowMs} ms`);
  }

  /** Any two files are as far apart as the host's robots.txt asks, whoever asks for them. */
  #checkCrawl(process: SimulatedProcess, url: string, host: string): void {
    if (url.endsWith("/robots.txt")) return;
    const { nowMs } = this.#services.time;
    const agoMs = nowMs - (this.#filesAskedAtMs.get(host) ?? -Infinity);
    this.#filesAskedAtMs.set(host, nowMs);
    const crawl = this.#crawls.get(host);
    const isKnown = crawl && nowMs - agoMs >= crawl.seenAtMs;
    if (isKnown && agoMs < crawl.delayMs)
      throw new Violation(`${process.name} asks ${host} after ${agoMs} ms, which wants ${crawl.delayMs} ms`);
  }

  /** What a process asks whose clock is off is not held against others either. */
  #isJudged({ hasStoodStill, isClockOff }: SimulatedProcess): boolean {
    const hasRules = this.#turns.some(({ rules }) => rules.length > 0);
    return hasRules && !isClockOff && !hasStoodStill && this.#services.areClocksEqual();
  }

  /** The environment's rules, and then the operators', of which the last that fits decides. */
  #rules(): readonly HostRule[] {
    const { items, rules } = this.#services;
    const item = items.all.get(HOST_RULES_KEY);
    const operators = item ? decodeHostRules(item).rules : [];
    return [...rules, ...operators.map(({ limits, pattern }): HostRule => [pattern, limits])];
  }

  /** All limits of the host that were in force at some time since then. */
  #limitsSince(hostname: string, agoMs: number): readonly (HostLimits | undefined)[] {
    const sinceMs = this.#services.time.nowMs - agoMs;
    return this.#turns
      .filter((_, index) => (this.#turns[index + 1]?.fromMs ?? Infinity) >= sinceMs)
      .map(({ rules }) => limitsOf(rules, hostname));
  }

  #loosest(hostname: string, agoMs: number, of: keyof HostLimits): number {
    return Math.max(...this.#limitsSince(hostname, agoMs).map((limits) => limits?.[of] ?? Infinity));
  }
}
