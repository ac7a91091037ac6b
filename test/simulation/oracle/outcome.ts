import { jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import { checkIndex, Violation } from "./invariants.ts";
import type { End, ProvenScenario } from "../scenarios/scenario-kinds.ts";
import { inFlightBytes, PART_BYTES } from "../services/settings.ts";
import type { Simulation } from "../simulation.ts";

/** The faults of a run, besides the scenario's own. */
interface Faults {
  /** How many there were. One that makes a worker go on beside its successor counts twice. */
  readonly cost: number;
  /** How many of them made a process stand still. */
  readonly zombies: number;
}

/** @throws Violation if the final state is not one that the scenario allows. */
export function checkOutcome(scenario: ProvenScenario, simulation: Simulation, faults: Faults): void {
  checkEnds(scenario, simulation, faults);
  checkPublished(scenario, simulation, faults);
  checkIndex(simulation.items.all, new Set(simulation.blobs.contentObjects.keys()));
  checkRefetched(scenario, simulation, faults);
  checkDeadLetters(scenario, simulation, faults);
}

const EXHAUSTED = "FAILED:retries_exhausted:";
/** Of what an attempt fails that a fault has struck. If it is the last one of a job, the job fails of it. */
const REASONS_OF_FAULTS = ["outage", "worker_crashed", "host_rules_unknown"].map((reason) => EXHAUSTED + reason);

function checkEnds({ messages, ends }: ProvenScenario, { items }: Simulation, { cost }: Faults): void {
  for (const message of messages) {
    if (typeof message === "string") continue;
    const item = items.all.get(jobItemKey(jobIdOf(message)));
    const end = item ? endOf(decodeJob(item)) : "unguarded";
    const own = ends[message.artifact_id] ?? [];
    const mayBeExhausted = cost > 0 && own.some((allowed) => allowed.startsWith(EXHAUSTED));
    const allowed = [...own, ...(mayBeExhausted ? REASONS_OF_FAULTS : [])];
    if (!allowed.some((each) => end.startsWith(each)))
      throw new Violation(`${message.artifact_id} ended as ${end}, not as ${allowed.join(" or ")}`);
  }
}

const endOf = ({ state, reason }: ReturnType<typeof decodeJob>): End =>
  state === "FAILED" ? `${state}:${reason ?? ""}` : state;

/** After a crash, the next attempt may store another body of the same URL. The first one stays, and is not indexed. */
function checkPublished(
  { mayLeave = 0, mayPublish = [], published }: ProvenScenario,
  { blobs }: Simulation,
  { cost }: Faults,
): void {
  const bodies = [...blobs.contentObjects.values()].map(({ body }) => body);
  const missing = published.filter(
    (versions) => !bodies.some((body) => versions.some((version) => version.equals(body))),
  );
  if (missing.length > 0) throw new Violation(`${missing.length} bodies were not published`);
  if (
    bodies.length < published.length ||
    bodies.length > published.length + mayPublish.length + Math.min(mayLeave, cost)
  )
    throw new Violation(`${bodies.length} objects were published, not ${published.length}`);
}

/** Of a body from here on, parts grow, so that attempts may send parts of different lengths. */
const LARGE_FROM_BYTES = 8 * PART_BYTES;

/**
 * A crash costs what was in flight of each job that the worker held, never the whole file. But a zombie's part may
 * replace its successor's part of a large body, and then that body is fetched anew (ADR 0019).
 */
function checkRefetched(scenario: ProvenScenario, { origin }: Simulation, { cost, zombies }: Faults): void {
  const servedOnce = [...origin.resources.values()].reduce((sum, { versions }) => sum + (versions[0]?.length ?? 0), 0);
  const refetched = origin.bytesServed - servedOnce;
  const anew = [...origin.resources].reduce((sum, [url, { versions }]) => {
    const bytes = versions[0]?.length ?? 0;
    const begun = origin.requests.filter((each) => each.method === "GET" && each.url === url && each.isWhole).length;
    return bytes < LARGE_FROM_BYTES ? sum : sum + bytes * Math.min(zombies, Math.max(0, begun - 1));
  }, 0);
  const inFlight = cost * origin.resources.size * inFlightBytes(scenario.settings?.mostRanges);
  const allowed = scenario.ownRefetchedBytes + inFlight + anew;
  if (refetched > allowed)
    throw new Violation(`${refetched} bytes were fetched again; ${cost} faults allow ${allowed}`);
}

/** An invalid message becomes a dead letter with a reason: once, plus once per crash before the acknowledgement. */
function checkDeadLetters({ messages, deadLetters }: ProvenScenario, { queue }: Simulation, { cost }: Faults): void {
  const expected = messages.filter((message) => typeof message === "string").length;
  const letters = queue.deadLetters;
  if (letters.length < expected || letters.length > expected * (1 + cost))
    throw new Violation(`${letters.length} dead letters were sent, not ${expected}`);
  const unexplained = letters.find(({ reason }) => reason === undefined || !deadLetters?.test(reason));
  if (unexplained) throw new Violation(`a dead letter has an unexpected reason: ${unexplained.reason ?? "none"}`);
}
