import { jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import { checkIndex, Violation } from "./invariants.ts";
import type { End, ProvenScenario } from "../scenarios/scenario-kinds.ts";
import { inFlightBytes } from "../services/settings.ts";
import type { Simulation } from "../simulation.ts";

/** @throws Violation if the final state is not one that the scenario allows. `strikes` bounds what may be refetched. */
export function checkOutcome(scenario: ProvenScenario, simulation: Simulation, strikes: number): void {
  checkEnds(scenario, simulation);
  checkPublished(scenario, simulation, strikes);
  checkIndex(simulation.items.all, new Set(simulation.blobs.contentObjects.keys()));
  checkRefetched(scenario, simulation, strikes);
  checkDeadLetters(scenario, simulation, strikes);
}

function checkEnds({ messages, ends }: ProvenScenario, { items }: Simulation): void {
  for (const message of messages) {
    if (typeof message === "string") continue;
    const item = items.all.get(jobItemKey(jobIdOf(message)));
    const end = item ? endOf(decodeJob(item)) : "unguarded";
    if (!ends[message.artifact_id]?.some((allowed) => end.startsWith(allowed)))
      throw new Violation(`${message.artifact_id} ended as ${end}, not as ${ends[message.artifact_id]?.join(" or ")}`);
  }
}

const endOf = ({ state, reason }: ReturnType<typeof decodeJob>): End =>
  state === "FAILED" ? `${state}:${reason ?? ""}` : state;

/** After a crash, the next attempt may store another body of the same URL. The first one stays, and is not indexed. */
function checkPublished(
  { mayLeave = 0, mayPublish = [], published }: ProvenScenario,
  { blobs }: Simulation,
  strikes: number,
): void {
  const bodies = [...blobs.contentObjects.values()].map(({ body }) => body);
  const missing = published.filter(
    (versions) => !bodies.some((body) => versions.some((version) => version.equals(body))),
  );
  if (missing.length > 0) throw new Violation(`${missing.length} bodies were not published`);
  if (
    bodies.length < published.length ||
    bodies.length > published.length + mayPublish.length + Math.min(mayLeave, strikes)
  )
    throw new Violation(`${bodies.length} objects were published, not ${published.length}`);
}

/** A crash costs what was in flight of each job that the worker held, never the whole file. */
function checkRefetched(scenario: ProvenScenario, { origin }: Simulation, strikes: number): void {
  const servedOnce = [...origin.resources.values()].reduce((sum, { versions }) => sum + (versions[0]?.length ?? 0), 0);
  const refetched = origin.bytesServed - servedOnce;
  const allowed =
    scenario.ownRefetchedBytes + strikes * origin.resources.size * inFlightBytes(scenario.settings?.mostRanges);
  if (refetched > allowed)
    throw new Violation(`${refetched} bytes were fetched again; ${strikes} faults allow ${allowed}`);
}

/** An invalid message becomes a dead letter with a reason: once, plus once per crash before the acknowledgement. */
function checkDeadLetters({ messages, deadLetters }: ProvenScenario, { queue }: Simulation, strikes: number): void {
  const expected = messages.filter((message) => typeof message === "string").length;
  const letters = queue.deadLetters;
  if (letters.length < expected || letters.length > expected * (1 + strikes))
    throw new Violation(`${letters.length} dead letters were sent, not ${expected}`);
  const unexplained = letters.find(({ reason }) => reason === undefined || !deadLetters?.test(reason));
  if (unexplained) throw new Violation(`a dead letter has an unexpected reason: ${unexplained.reason ?? "none"}`);
}
