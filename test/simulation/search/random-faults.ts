import { RetryableError, RunEndsError, StagedObjectGoneError } from "../../../core/model/errors.ts";
import type { BodyFault, OriginAnswer } from "../services/origin.ts";
import type { Boundary, Fault } from "../services/process.ts";
import { LONGEST_REQUEST_MS } from "../services/settings.ts";
import { failAfter, failBefore, late, repeat, type Draw, type Scene } from "./fault-kinds.ts";
import type { TargetedFault } from "./enabled.ts";
import { TARGETED } from "./targeted-faults.ts";

/** A clock is at most this far ahead of the true time, or behind it. */
export const WORST_SKEW_MS = 300_000;
/** Longer than an invocation may last: the longest freeze ends in a time-out. */
const LONGEST_STOP_MS = 70_000;
const LONGEST_RETRY_AFTER_S = 30;
const LONGEST_DELAY_MS = 60_000;

/** Faults of a process, at any call. */
const PROCESS_FAULTS: readonly Draw[] = [
  () => ({ kind: "crash before" }),
  () => ({ kind: "crash after" }),
  ({ dice }) => ({ kind: "kill", afterMs: dice.below(5000) }),
  ({ dice }) => ({ kind: "freeze", forMs: dice.below(LONGEST_STOP_MS) }),
  ({ dice }) => ({ kind: "freeze", forMs: dice.below(LONGEST_STOP_MS), isClockStopped: true }),
  ({ dice }) => ({ kind: "slow", byMs: dice.below(LONGEST_REQUEST_MS) }),
  ({ dice }) => ({ kind: "clock jump", byMs: dice.between(-WORST_SKEW_MS, WORST_SKEW_MS) }),
];

const STATUSES = [408, 425, 429, 500, 502, 503, 504];

const refusal =
  (method: string): Draw =>
  (scene) => {
    const { dice } = scene;
    const retryAfterS = dice.chance(0.5) ? dice.below(LONGEST_RETRY_AFTER_S) : undefined;
    const answer = {
      kind: "status",
      status: dice.pick(STATUSES),
      ...(retryAfterS !== undefined && { retryAfterS }),
    } as const;
    scene.answerWith(method, answer);
    return undefined;
  };

const REQUEST_FAULTS: readonly Draw[] = [
  () => ({ kind: "fail before", error: new RetryableError("origin_connection_lost") }),
  ({ dice }) => ({ kind: "slow", byMs: dice.below(LONGEST_REQUEST_MS), error: new RetryableError("origin_timeout") }),
];

const mangledBody: Draw = (scene) => {
  const { dice } = scene;
  const afterBytes = dice.below(50);
  const faults: BodyFault[] = [{ kind: "cut", afterBytes }, { kind: "wrong length" }, { kind: "wrong range" }];
  if (scene.isBodyChecked) faults.push({ kind: "short", afterBytes }, { kind: "long", byBytes: 1 + afterBytes });
  if (scene.isDigestKnown) faults.push({ kind: "corrupt", atByte: afterBytes });
  scene.answerWith("GET", { kind: "body", fault: dice.pick(faults) });
  return undefined;
};

/** The watch index is stale: it shows nothing, or every job of the table. */
const staleIndex: Draw = ({ dice, simulation }) => ({
  kind: "instead",
  answer: dice.chance(0.5)
    ? () => []
    : () =>
        [...simulation.items.all.keys()].filter((key) => key.startsWith("JOB#")).map((key) => ({ key, watchAtMs: 0 })),
});

/** A stale scan that shows every failure of the whole run. */
const staleFailures: Draw = ({ simulation: { items } }) => ({
  kind: "instead",
  answer: () => ({
    items: items.history.map(({ after }) => after).filter(({ state }) => state === "FAILED"),
    scanned: 0,
    readUnits: 0,
  }),
});

const WRITE_FAULTS = [failBefore("ServiceUnavailable"), failAfter("TimeoutError"), repeat, late];
/** A laptop's disk is full, so its run ends and gives its jobs back. The file may have been written all the same. */
const runEnds = (): Error => new RunEndsError("machine_trouble");
const BLOB_FAULTS: readonly Draw[] = [
  ...WRITE_FAULTS,
  () => ({ kind: "fail before", error: runEnds() }),
  () => ({ kind: "fail after", error: runEnds() }),
];
const READ_FAULTS = [failBefore("ServiceUnavailable")];

/** Faults by `port.method`, or by `port` for its other methods. */
const CALL_FAULTS: Readonly<Record<string, readonly Draw[]>> = {
  "items.write": [failBefore("ThrottlingException"), failAfter("TimeoutError"), repeat, late],
  "items.read": [failBefore("ThrottlingException")],
  "items.readMany": [failBefore("ThrottlingException")],
  "items.watched": [failBefore("ThrottlingException"), staleIndex],
  "deadLetters.receive": READ_FAULTS,
  deadLetters: WRITE_FAULTS,
  "failedJobs.page": [failBefore("ThrottlingException"), staleFailures],
  staging: BLOB_FAULTS,
  "staging.completeUpload": [failBefore("InternalError"), failAfter("InternalError"), ...BLOB_FAULTS],
  "staging.head": READ_FAULTS,
  "staging.listParts": READ_FAULTS,
  "staging.litter": READ_FAULTS,
  "content.head": READ_FAULTS,
  "content.publish": [
    ...BLOB_FAULTS,
    () => ({
      kind: "fail before",
      error: new RetryableError("content_conflict", { failureClass: "system" }),
    }),
    () => ({ kind: "fail before", error: new StagedObjectGoneError() }),
  ],
  "http.connect": REQUEST_FAULTS,
  "http.HEAD": [...REQUEST_FAULTS, refusal("HEAD")],
  "http.GET": [...REQUEST_FAULTS, refusal("GET"), mangledBody, mangledBody],
  "http.read": REQUEST_FAULTS,
  queue: WRITE_FAULTS,
  bus: [
    ...WRITE_FAULTS,
    function refuseSomeEvents({ dice, simulation }) {
      simulation.announcing.bus.refuseOfNext(() => dice.chance(0.5));
      return undefined;
    },
  ],
};

/** A random message of the queue, if there is one. */
const aMessage = ({ simulation, dice }: Scene) => {
  const messages = [...simulation.queue.messages.values()];
  return messages.length > 0 ? dice.pick(messages) : undefined;
};

/** Events around the call: in the queue, the origin, the stream, the telemetry and the gate. */
const ENVIRONMENT_EVENTS: readonly ((scene: Scene) => void)[] = [
  function duplicate(scene) {
    const message = aMessage(scene);
    const delayMs = scene.dice.below(LONGEST_DELAY_MS);
    if (message) scene.simulation.queue.add(message.body, delayMs);
    scene.simulation.extendFaults(delayMs);
  },
  function showAgain(scene) {
    const message = aMessage(scene);
    if (message) message.visibleAtMs = scene.simulation.time.nowMs;
  },
  function reorder({ simulation: { queue } }) {
    const messages = [...queue.messages].reverse();
    queue.messages.clear();
    for (const [id, message] of messages) queue.messages.set(id, message);
  },
  function delay(scene) {
    const { dice, simulation } = scene;
    const message = aMessage(scene);
    const forMs = dice.below(LONGEST_DELAY_MS);
    if (message) message.visibleAtMs = Math.max(message.visibleAtMs, simulation.time.nowMs + forMs);
    simulation.extendFaults(forMs);
  },
  function loseDelivery({ simulation: { queue } }) {
    queue.receive(1);
  },
  function loseMessage(scene) {
    const { accepted, queue, time } = scene.simulation;
    const message = aMessage(scene);
    if (message && accepted.isInTable(message.body, message.visibleAtMs > time.nowMs))
      queue.messages.delete(message.id);
  },
  function changeVersion({ simulation: { origin }, dice }) {
    const resource = dice.pick([...origin.resources.values()]);
    const present = resource.versions.at(-1) ?? Buffer.alloc(0);
    resource.versions.push(dice.chance(0.3) ? present : Buffer.from(present.map((byte) => byte ^ 3)));
  },
  function deliverStreamAgain({ simulation: { announcing } }) {
    announcing.stream.deliverAgain();
  },
  function holdStream({ dice, simulation }) {
    const forMs = dice.below(LONGEST_DELAY_MS);
    simulation.announcing.stream.hold(forMs);
    simulation.extendFaults(forMs);
  },
  function loseTelemetry({ simulation }) {
    simulation.trace.isTelemetryLost = true;
  },
  /** Only if the gate was not open from the start: otherwise every job must take the guarded path. */
  function turnGate({ simulation, dice }) {
    if (simulation.gate.lowest === 100) return;
    simulation.operators.turnGate(dice.pick([0, 50, 100]));
  },
];

interface Struck {
  readonly what: string;
  readonly fault?: Fault;
}

/** Draws a fault that fits the call, or an event around it, and lets it strike. */
export function strike(scene: Scene, { port, method }: Boundary, of?: TargetedFault): Struck {
  const { dice } = scene;
  if (of !== undefined) {
    const fault = TARGETED[of](scene);
    return fault ? { what: JSON.stringify(fault), fault } : { what: of };
  }
  if (dice.chance(0.25)) {
    const happening = dice.pick(ENVIRONMENT_EVENTS);
    happening(scene);
    return { what: happening.name };
  }
  const callFaults = CALL_FAULTS[`${port}.${method}`] ?? CALL_FAULTS[port] ?? [];
  const draw = dice.pick(dice.chance(0.5) && callFaults.length > 0 ? callFaults : PROCESS_FAULTS);
  let answered: OriginAnswer | undefined;
  const fault = draw({
    ...scene,
    answerWith: (to, answer) => {
      answered = answer;
      scene.answerWith(to, answer);
    },
  });
  if (fault) return { what: JSON.stringify(fault), fault };
  return { what: answered ? `the origin answers ${JSON.stringify(answered)}` : draw.name };
}
