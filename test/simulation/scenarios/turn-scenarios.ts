/** Scenarios of jobs that have a turn at a host with a pace, and do not use it. */
import { PART_BYTES } from "../services/settings.ts";
import { limited, outage, SAME, SLOW_WAIT_MS } from "./host-kinds.ts";
import { cutAfter, LARGE, message, resource, serving, SMALL, urlOf, type ProvenScenario } from "./scenario-kinds.ts";

export const TURN_SCENARIOS: readonly ProvenScenario[] = [
  limited("a host of a request in twenty seconds, and messages of a job that is done", [["*", { perSecond: 0.05 }]], {
    messages: [message("a"), message("a"), message("b")],
    prepare: serving({ a: resource(SMALL), b: resource(SMALL) }),
    published: [[SMALL]],
    ends: { a: SAME, b: SAME },
    // The second message gets the second turn, and leaves it to the other job's.
    lastMessageAfterMs: 42_000,
    mostMs: 50_000,
    hostWaitMs: SLOW_WAIT_MS,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a turn is given back, the answer is lost, and another job takes it", [["*", { perSecond: 0.05 }]], {
    isWarm: true,
    messages: [message("a"), message("a"), message("b"), message("c")],
    prepare: serving({ a: resource(SMALL), b: resource(SMALL), c: resource(SMALL) }),
    published: [[SMALL]],
    ends: { a: SAME, b: SAME, c: SAME },
    messagesAfterMs: [0, 20_000, 21_000, 22_000],
    strikes: [
      { of: "worker1 ", call: "items.read", nth: 6, fault: { kind: "slow", byMs: 600 } },
      { of: "worker1 ", call: "items.write", nth: 7, fault: { kind: "fail after", error: outage() } },
      { of: "worker1 ", call: "queue.acknowledge", nth: 2, fault: { kind: "slow", byMs: 700 } },
    ],
    leastMs: 40_000,
    hostWaitMs: SLOW_WAIT_MS,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a turn is given back when a later one is reserved", [["*", { perSecond: 0.5 }]], {
    messages: [message("a"), message("b"), message("a"), message("c")],
    prepare: serving({ a: resource(SMALL), b: resource(LARGE), c: resource(SMALL) }),
    published: [[SMALL], [LARGE]],
    ends: { a: SAME, b: SAME, c: SAME },
    messagesAfterMs: [0, 10_000, 12_000, 13_000],
    // The body of the second job breaks while another message of the first one has a turn.
    answer: ({ method, url }, nth) =>
      method === "GET" && url === urlOf("b") && nth === 1 ? cutAfter(PART_BYTES + 4) : { kind: "body" },
    strikes: [
      { of: "worker3 ", call: "http.read", nth: 1, fault: { kind: "slow", byMs: 1_850 } },
      { of: "worker4 ", call: "items.write", nth: 2, fault: { kind: "slow", byMs: 500 } },
    ],
    settings: { mostBrokenConnections: 3 },
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
];
