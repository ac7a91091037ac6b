/** Scenarios of what is left behind: leases, staged objects, lost answers, records that cannot be read. */
import { RetryableError } from "../../../core/model/errors.ts";
import type { RetryPolicy } from "../../../core/worker/retry.ts";
import { LEASE_TTL_MS } from "../services/settings.ts";
import {
  LARGE,
  message,
  one,
  refusing,
  reopened,
  resource,
  serving,
  SMALL,
  UNRESUMABLE,
  type ProvenScenario,
} from "./scenario-kinds.ts";

const ONCE: RetryPolicy = { maxAttempts: 1, baseMs: 1000, capMs: 10_000, longestWaitMs: 43_200_000 };
const outage = (failureClass: "system" | "origin" = "system") => new RetryableError("outage", { failureClass });
const dies = { of: "worker1 ", call: "http.GET", nth: 1, fault: { kind: "crash before" } } as const;

const oneFails = (name: string, isRefused: readonly [boolean, boolean], isBatched: boolean): ProvenScenario => ({
  ...refusing(name, isRefused, isBatched),
  prepare: serving({ b: resource(SMALL) }),
  published: [[SMALL]],
  ends: { b: ["INDEXED"], c: ["FAILED:http_404"] },
});

export const RECOVERY_SCENARIOS: readonly ProvenScenario[] = [
  oneFails("one announcement of a file that is stored, and one of a file that failed", [false, false], true),
  oneFails("the bus refuses the announcement of a file that failed", [true, false], false),
  one({
    name: "a job fails when its body is staged, and takes it away",
    body: LARGE,
    settings: { retry: ONCE },
    strikes: [{ of: "worker", call: "content.publish", nth: 1, fault: { kind: "fail before", error: outage() } }],
    // A fault in the place of the scenario's own one lets the body through.
    ends: { a: ["FAILED:retries_exhausted:", "INDEXED"] },
    published: [],
    mayLeave: 1,
    ownRefetchedBytes: UNRESUMABLE,
    calls: { "worker content.publish": 2, "reconciler staging.delete": 0 },
  }),
  reopened("the answer to a reopening is lost, and the operator's SDK asks again", 1, {
    strikes: [{ of: "operator", call: "items.write", nth: 1, fault: { kind: "repeat" } }],
    calls: { "reconciler queue.send": 0 },
  }),
  one({
    name: "a producer sends a job again, whose worker has died",
    body: SMALL,
    messages: [message("a"), message("a")],
    lastMessageAfterMs: LEASE_TTL_MS + 1000,
    strikes: [dies],
    ownRefetchedBytes: 2 * SMALL.length,
    // The second message takes the lease at once.
    calls: { "worker queue.hideFor": 0, "worker queue.send": 0 },
  }),
  one({
    name: "an old message's worker dies",
    body: SMALL,
    settings: { unwatchedForMs: 1 },
    strikes: [dies],
    ownRefetchedBytes: 2 * SMALL.length,
    // Its record is watched, since the queue may drop the message.
    calls: { "reconciler queue.send": 1 },
  }),
  one({
    name: "gate turned off when the first worker of a job has died, and the record cannot be read for a while",
    body: SMALL,
    gate: 50,
    ends: { a: ["INDEXED"] },
    ownRefetchedBytes: 2 * SMALL.length,
    strikes: [dies, { of: "worker2 ", call: "items.read", nth: 2, fault: { kind: "fail before", error: outage() } }],
    onEvent: ({ accepted, gate }) => {
      if (accepted.areRecorded) gate.turn(0);
    },
  }),
  one({
    name: "a queue that tells no groups, and a backlog",
    body: SMALL,
    messagesAfterMs: [500],
    tellsGroups: false,
    // Each message has waited for as long when a worker receives it.
    settings: { regroupAfterMs: 1 },
    calls: { "worker queue.send": 1 },
  }),
];
