import type { Boundary } from "../services/process.ts";
import { LONGEST_REQUEST_MS, POLL_EVERY_MS } from "../services/settings.ts";
import type { TargetedFault } from "./enabled.ts";
import { failBefore, late, repeat, type Draw } from "./fault-kinds.ts";

/** Longer than the queue hides a message. */
const LONGEST_WAIT_S = 1_200;
const LONGEST_INIT_FAILURE_MS = 180_000;

/** Whether a targeted fault can strike the call. An echo: every conditional write of every process. */
export function fits(of: TargetedFault, { process, port, method }: Boundary): boolean {
  if (of === "lost answer") return process.startsWith("reconciler") && method === "write";
  if (of === "gate turned" || of === "init fails") return true;
  if (of === "letters cut short") return port === "deadLetters" && method !== "receive";
  if (of === "early duplicate") return method === "hideFor";
  if (of === "long Retry-After") return port === "http" && method !== "read";
  if (of === "failed read") return process.startsWith("worker") && method === "read" && port === "items";
  if (of === "late part") return method === "uploadPart";
  if (of === "slow batch") return method === "readMany";
  if (of === "all workers die") return process.startsWith("worker");
  return of === "echo" && (method === "write" || (port === "content" && method === "publish"));
}

/** Mostly short: the write that the echo may undo follows soon. */
const ECHO_WITHIN_MS = [300, 3000, LONGEST_REQUEST_MS];

const echo: Draw = ({ dice }) => ({ kind: "echo", byMs: dice.below(dice.pick(ECHO_WITHIN_MS)) });

/** DynamoDB leaves some keys of a batch unprocessed: they are asked for again, and answered as they are then. */
const slowBatch: Draw = ({ dice }) => ({ kind: "slow", byMs: dice.below(3000) });

/** The machines are gone, and in half of the cases the messages too: then only the reconciler brings the jobs back. */
const allWorkersDie: Draw = ({ dice, simulation }) => {
  simulation.killWorkers();
  const { accepted, queue } = simulation;
  const isQueueLost = dice.chance(0.5);
  for (const { id, body } of isQueueLost ? [...queue.messages.values()] : [])
    if (accepted.isInTable(body, false)) queue.messages.delete(id);
  return undefined;
};

export const TARGETED: Readonly<Record<TargetedFault, Draw>> = {
  echo,
  "lost answer": repeat,
  "init fails": ({ dice, simulation }) => {
    simulation.failInits(dice.below(LONGEST_INIT_FAILURE_MS));
    return undefined;
  },
  "letters cut short": ({ dice }) => ({ kind: dice.pick(["crash before", "crash after"]) }),
  /** A duplicate is received just before the job's wait is over. */
  "early duplicate": ({ dice, simulation: { accepted, queue, time } }) => {
    for (const { body } of queue.messages.values()) {
      const availableAtMs = accepted.waitsUntil(body);
      if (availableAtMs === undefined) continue;
      queue.add(body, Math.max(0, availableAtMs - time.nowMs - dice.below(POLL_EVERY_MS)));
      return undefined;
    }
    return undefined;
  },
  "long Retry-After": (scene) => {
    const retryAfterS = scene.dice.below(LONGEST_WAIT_S);
    scene.answerWith("HEAD", { kind: "status", status: 503, retryAfterS });
    scene.answerWith("GET", { kind: "status", status: 503, retryAfterS });
    return undefined;
  },
  "late part": late,
  "failed read": failBefore("ServiceUnavailable"),
  "gate turned": ({ dice, simulation }) => {
    simulation.operators.turnGate(dice.pick([0, 0, 100]));
    return undefined;
  },
  "slow batch": slowBatch,
  "all workers die": allWorkersDie,
  lasting: () => undefined,
};
