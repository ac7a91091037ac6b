import { contentKey, jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import { CANCELLED } from "../../../core/model/recovery-protocol.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import { Violation } from "../oracle/violation.ts";
import { inFlightBytes, MAX_ATTEMPTS } from "../services/settings.ts";
import type { Simulation } from "../simulation.ts";
import type { Hazards } from "./hazards.ts";
import { LARGE_BYTES, type Schedule } from "./schedule.ts";
import { isResumable, type Shape } from "./shape.ts";

/** What a faulty body has at most beyond its length. */
const LONGEST_EXCESS_BYTES = 51;
/** Faults that make a transfer start over: another version, a wrong body or range, a lost staged object. */
const MAKES_START_OVER =
  /changeVersion|"(wrong length|wrong range|short|long|corrupt)"|staged_object_gone|"(taken|restless origin)"/;

/**
 * Faults by which an earlier request, or a worker that has lost its lease, may replace a part of a large body by one of
 * another length. The transfer then starts over (ADR 0019).
 */
const MAY_REPLACE_PARTS = /clock|"(freeze|late|slow)"/;

/** What must hold at the end of a random schedule. */
export class Judge {
  readonly #shape: Shape;
  readonly #hazards: Hazards;
  readonly #simulation: Simulation;
  readonly #struck: readonly { readonly what: string }[];

  constructor({ hazards, shape }: Schedule, simulation: Simulation, struck: readonly { readonly what: string }[]) {
    this.#shape = shape;
    this.#hazards = hazards;
    this.#simulation = simulation;
    this.#struck = struck;
  }

  /** @throws Violation */
  judge(): void {
    for (const message of this.#shape.messages) if (typeof message !== "string") this.#checkEnd(message);
    if (this.#simulation.accepted.expired > 0) return;
    this.#checkRefetched();
    this.#checkBudgets();
  }

  /** A job must be published as a version that its own URL had, or have failed for a reason that the schedule gave. */
  #checkEnd(message: JobMessage): void {
    const { accepted, blobs, items, origin } = this.#simulation;
    const key = jobItemKey(jobIdOf(message));
    const item = items.all.get(key);
    if (!item || accepted.isDeadLettered(key)) return;
    const { state, reason = "", transfer } = decodeJob(item);
    if (state === "FAILED") {
      if (!this.#mayFail(reason))
        throw new Violation(`${message.artifact_id} failed for a reason that no fault explains: ${reason}`);
      return;
    }
    const versions = origin.resources.get(message.url)?.versions ?? [];
    const published = blobs.contentObjects.get(contentKey(transfer?.sha256 ?? ""));
    if (!versions.some((version) => published?.body.equals(version)))
      throw new Violation(`${message.artifact_id} is ${state}, but no version of its URL is published`);
    if (message.sha256 !== undefined && message.sha256 !== transfer?.sha256)
      throw new Violation(`${message.artifact_id} is ${state}, but its digest is not the expected one`);
  }

  /** Each GET after the first may fetch again at most what was in flight when the previous one ended. */
  #checkRefetched(): void {
    const { gate, resources } = this.#shape;
    if (this.#simulation.reopenings > 0) return;
    if (gate < 100 || !isResumable(resources) || this.#struck.some(({ what }) => MAKES_START_OVER.test(what))) return;
    const isLarge = [...resources.values()].some(({ versions: [body] }) => (body?.length ?? 0) >= LARGE_BYTES);
    if (isLarge && this.#struck.some(({ what }) => MAY_REPLACE_PARTS.test(what))) return;
    const { bytesServed, requests } = this.#simulation.origin;
    const urls = requests.filter(({ hasEnd, method }) => method === "GET" && !hasEnd).map(({ url }) => url);
    const fetched = [...resources].filter(([url]) => urls.includes(url));
    const bytes = fetched.reduce((sum, [, { versions }]) => sum + (versions[0]?.length ?? 0), 0);
    const gets = urls.length;
    const allowed = Math.max(0, gets - fetched.length) * inFlightBytes(this.#hazards.mostRanges);
    if (bytesServed - bytes > allowed)
      throw new Violation(`${bytesServed - bytes} bytes were fetched again; ${gets} GETs allow ${allowed}`);
  }

  /** A job ends within its budget of whole downloads: one per attempt, continuation, fault and handing over. */
  #checkBudgets(): void {
    const { gate, messages, resources } = this.#shape;
    const { items, origin, reopenings } = this.#simulation;
    if (gate < 100 || reopenings > 0) return;
    for (const message of messages) {
      if (typeof message === "string") continue;
      const { url } = message;
      const hops = Number(items.all.get(jobItemKey(jobIdOf(message)))?.["hops"] ?? 0);
      const gets = origin.requests.filter((request) => request.method === "GET" && request.url === url).length;
      const bytes = LONGEST_EXCESS_BYTES + (resources.get(url)?.versions[0]?.length ?? 0);
      const allowed =
        (MAX_ATTEMPTS + hops + this.#struck.length + (this.#hazards.shortLane ? 1 : 0)) * bytes +
        gets * inFlightBytes(this.#hazards.mostRanges);
      const served = origin.bytesServedOf.get(url) ?? 0;
      if (served > allowed) throw new Violation(`${url}: ${served} bytes were fetched; its budget is ${allowed}`);
    }
  }

  /** A job may fail by its digest, by its origin's 404, or by faults that used up all its attempts. */
  #mayFail(reason: string): boolean {
    if (reason === CANCELLED.reason) return this.#hazards.cancels.length > 0;
    if (reason === "digest_mismatch") return this.#shape.digests !== "none";
    // An operator may have come before the job had begun, or may have reopened it after it was cancelled.
    const beginsMs = this.#hazards.queue?.initsFailMs ?? this.#hazards.lastMessageAfterMs ?? 0;
    const isLate = beginsMs > 0 || this.#hazards.cancels.length > 0;
    if (reason === "http_404") return this.#shape.absentFirst > 0 && (isLate || this.#struck.length > 0);
    return reason.startsWith("retries_exhausted:") && this.#struck.length > 0;
  }
}
