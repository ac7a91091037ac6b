/** Scenarios of hosts whose limits several workers share. */
import type { OriginAnswer } from "../services/origin.ts";
import { SETTINGS } from "../services/settings.ts";
import { HOST_WAIT_MS, limited, outage, SAME, SLOW_WAIT_MS, two } from "./host-kinds.ts";
import {
  bodyOf,
  cutAfter,
  LARGE,
  MANY_PARTS,
  message,
  onFirst,
  resource,
  serving,
  SMALL,
  urlOf,
  type ProvenScenario,
} from "./scenario-kinds.ts";

const ELSEWHERE = "https://elsewhere.example/file";

const TWO_ATTEMPTS = { ...SETTINGS.retry, maxAttempts: 2 };

/** The host's robots.txt asks for seven seconds between two files. */
const crawled: Partial<ProvenScenario> = {
  ...two,
  prepare: (origin) => {
    two.prepare(origin);
    origin.resources.set(urlOf("robots.txt"), resource(Buffer.from("User-agent: *\nCrawl-delay: 7")));
  },
  settings: { obeysRobots: true },
  // The first one was sent at once, and two wait for it. The last one waits anew if a fault makes it late.
  leastMs: 14_000,
  hostWaitMs: SLOW_WAIT_MS,
  ownRefetchedBytes: Number.POSITIVE_INFINITY,
};

/** The first worker's body takes longer than its place at the host lasts. @param nth the read that renews it.
 * @param byMs how late each piece is. */
const hangingRenewal = (nth: number, byMs: number): NonNullable<ProvenScenario["strikes"]> => [
  ...[2, 3, 4, 5, 6, 7].map((read) => ({
    of: "worker1 ",
    call: "http.read",
    nth: read,
    fault: { kind: "slow", byMs } as const,
  })),
  { of: "worker1 ", call: "items.read", nth, fault: { kind: "slow", byMs: 30_000 } },
];

/** The first `count` requests to the origin are answered so. */
const atFirst =
  (count: number, answer: OriginAnswer): NonNullable<ProvenScenario["answer"]> =>
  (_question, _nth, { requests }) =>
    requests.filter(({ url }) => url !== ELSEWHERE).length <= count ? answer : { kind: "body" };

const servingElsewhere: ProvenScenario["prepare"] = (origin) => {
  serving({ a: resource(LARGE) })(origin);
  origin.resources.set(ELSEWHERE, resource(SMALL));
};

export const HOST_SCENARIOS: readonly ProvenScenario[] = [
  limited("a host of one connection, and two jobs", [["*", { connections: 1 }]], two),
  limited("a host of two requests a second, and two jobs", [["*", { perSecond: 2 }]], two),
  limited("a host of one connection and one request a second", [["*", { connections: 1, perSecond: 1 }]], two),
  limited("a robots.txt that asks for a delay", [["*", { connections: 4 }]], crawled),
  limited("a slow robots.txt that asks for more than the host's pace", [["*", { perSecond: 4 }]], {
    ...crawled,
    messages: ["a", "b", "c", "d"].map((artifact) => message(artifact)),
    prepare: (origin) => {
      crawled.prepare?.(origin);
      for (const artifact of ["c", "d"]) origin.resources.set(urlOf(artifact), resource(SMALL));
    },
    ends: { a: ["INDEXED"], b: SAME, c: SAME, d: SAME },
    // A process that is new has to ask for robots.txt first, and its job to come back.
    isWarm: true,
    // Some jobs have times that were reserved before the delay was known.
    strikes: [{ of: "worker1 ", call: "http.read", nth: 2, fault: { kind: "slow", byMs: 350 } }],
  }),
  limited("a host that asks for rest, and another that does not", [["*", {}]], {
    messages: [message("a"), message("b", { url: ELSEWHERE })],
    prepare: servingElsewhere,
    published: [[LARGE], [SMALL]],
    ends: { a: ["INDEXED"], b: ["INDEXED"] },
    answer: ({ url }, nth) =>
      url !== ELSEWHERE && nth === 1 ? { kind: "status", status: 429, retryAfterS: 20 } : { kind: "body" },
    leastMs: 20_000,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host that answers, and asks for rest", [["*", {}]], {
    ...two,
    prepare: serving({ a: resource(SMALL), b: resource(LARGE) }),
    // What the first job's GET has to wait for, the second job has to wait for as well.
    lastMessageAfterMs: 25_000,
    onEvent: ({ boundaries, origin }) => {
      const isFirst = boundaries.length === 1;
      if (isFirst) origin.resources.set(urlOf("a"), resource(SMALL, { restsForS: 20 }));
    },
    leastMs: 40_000,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host that asks for rest, and a job whose end of an attempt cannot be recorded", [["*", {}]], {
    body: SMALL,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: 60 }),
    strikes: [{ of: "worker1 ", call: "items.write", nth: 4, fault: { kind: "fail before", error: outage() } }],
    leastMs: 60_000,
    // Its lease is over, and the host still rests: the message waits for the host.
    calls: { "worker queue.hideFor": 0 },
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host that is down for longer than a job has attempts", [["*", {}]], {
    answer: atFirst(9, { kind: "status", status: 500 }),
    hostWaitMs: 3 * HOST_WAIT_MS,
    dispatches: 1,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host that is down, whose parked job's message comes before its watch ends", [["*", {}]], {
    answer: atFirst(9, { kind: "status", status: 500 }),
    hostWaitMs: 3 * HOST_WAIT_MS,
    dispatches: 1,
    skewMs: (role) => (role === "reconciler" ? 20_000 : 0),
    strikes: [{ of: "reconciler", call: "items.write", nth: 1, fault: { kind: "slow", byMs: 15_000 } }],
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a connection whose renewal hangs while its body goes on", [["*", { connections: 1 }]], {
    ...two,
    // The second job comes when the first one's place is over.
    lastMessageAfterMs: 18_000,
    strikes: hangingRenewal(5, 4_000),
    calls: { "worker http.GET": 3 },
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a connection of a job without a lease, whose renewal hangs", [["*", { connections: 1 }]], {
    ...two,
    gate: 0,
    lastMessageAfterMs: 18_000,
    strikes: hangingRenewal(5, 8_000),
    calls: { "worker http.GET": 3 },
    ends: { a: ["unguarded"], b: ["unguarded"] },
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host of a request in ten seconds, whose bodies all break", [["*", { perSecond: 0.1 }]], {
    answer: ({ method }) =>
      method === "GET" ? { kind: "body", fault: { kind: "cut", afterBytes: 3 } } : { kind: "body" },
    published: [],
    ends: { a: ["FAILED:retries_exhausted:origin_connection_lost", "FAILED:retries_exhausted:outage"] },
    settings: { mostBrokenConnections: 3, mostRanges: 3 },
    hostWaitMs: SLOW_WAIT_MS,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host of a request in two seconds, whose file changes all the time", [["*", { perSecond: 0.5 }]], {
    body: MANY_PARTS,
    answer: ({ method, url }, nth, origin) => {
      if (method !== "GET") return { kind: "body" };
      if (nth % 2 === 0) origin.resources.get(url)?.versions.push(bodyOf(MANY_PARTS.length, String(nth % 10)));
      return { kind: "body", fault: { kind: "cut", afterBytes: 12 } };
    },
    published: [],
    ends: {
      a: ["host_full", "origin_connection_lost", "outage"].map((reason) => `FAILED:retries_exhausted:${reason}`),
    },
    settings: { mostBrokenConnections: 3, mostRanges: 3, retry: TWO_ATTEMPTS },
    hostWaitMs: SLOW_WAIT_MS,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("the gate is closed while a job waits for its host", [["*", {}]], {
    ...two,
    gate: 100,
    answer: ({ method }, nth) =>
      method === "HEAD" && nth === 1 ? { kind: "status", status: 429, retryAfterS: 45 } : { kind: "body" },
    lastMessageAfterMs: 2_000,
    // The second job waits by then, and longer than a worker trusts what it has read of the gate.
    onEvent: ({ boundaries, gate }) => {
      if (boundaries.length >= 30) gate.turn(0);
    },
    ends: { a: ["INDEXED", "unguarded"], b: ["INDEXED", "unguarded"] },
    leastMs: 45_000,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a job that waits for its retry, and then for its host", [["*", {}]], {
    ...two,
    // Its attempt ends before the other job learns that the host rests.
    answer: ({ method, url }, nth) => {
      if (url === urlOf("a") && method === "GET" && nth === 1) return cutAfter(3);
      return url === urlOf("b") && nth === 1 ? { kind: "status", status: 429, retryAfterS: 55 } : { kind: "body" };
    },
    lastMessageAfterMs: 300,
    leastMs: 55_000,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host that is down for a while", [["*", { connections: 2 }]], {
    ...two,
    answer: atFirst(6, { kind: "status", status: 500 }),
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a host that is down, and messages of a job that is done", [["*", {}]], {
    messages: [message("a"), message("b"), message("a")],
    prepare: serving({ a: resource(LARGE), b: resource(LARGE) }),
    published: [[LARGE]],
    // If a fault delays the first job, its answers show that the host is well: the other's failures are its own then.
    ends: { a: ["INDEXED", "DEDUPED"], b: ["INDEXED", "DEDUPED", "FAILED:retries_exhausted:http_500"] },
    answer: ({ url }, _nth, { requests }) =>
      url === urlOf("b") && requests.filter((request) => request.url === url).length <= 9
        ? { kind: "status", status: 500 }
        : { kind: "body" },
    // It comes back at each of the times at which the host may be asked, just before the job that is not done.
    lastMessageAfterMs: 75_000,
    mostMs: 200_000,
    hostWaitMs: 3 * HOST_WAIT_MS,
    // The last wait for the host is longer than a message's longest delay.
    dispatches: 1,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a redirect to a host of one connection", [["elsewhere.example", { connections: 1 }]], {
    messages: [message("a"), message("b", { url: ELSEWHERE })],
    prepare: servingElsewhere,
    published: [[SMALL]],
    ends: { a: ["INDEXED", "DEDUPED"], b: ["INDEXED", "DEDUPED"] },
    answer: ({ url }) => (url === ELSEWHERE ? { kind: "body" } : { kind: "redirect", to: ELSEWHERE }),
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("a mirror, while the first host asks for rest", [["*", {}]], {
    messages: [message("a", { mirrors: [ELSEWHERE] })],
    prepare: (origin) => {
      serving({ a: resource(SMALL) })(origin);
      origin.resources.set(ELSEWHERE, resource(SMALL));
    },
    published: [[SMALL]],
    answer: ({ url }) => (url === urlOf("a") ? { kind: "status", status: 503, retryAfterS: 3_600 } : { kind: "body" }),
  }),
  limited("an operator's rule comes before the environment's", [["*", { connections: 8 }]], {
    ...two,
    hostChanges: [{ atMs: 0, pattern: "*", limits: { connections: 1 } }],
  }),
  limited("two operators change the rules of hosts at the same time", [["*", { connections: 8 }]], {
    ...two,
    hostChanges: [
      { atMs: 500, pattern: "*.example", limits: { connections: 1, perSecond: 1 } },
      { atMs: 500, pattern: "origin.example", limits: { perSecond: 2 } },
      { atMs: 6_000, pattern: "origin.example", limits: undefined },
    ],
    lastMessageAfterMs: 10_000,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("an operator tightens a limit while no worker can read it", [["*", { perSecond: 5 }]], {
    ...two,
    isWarm: true,
    hostChanges: [{ atMs: 10_000, pattern: "*", limits: { perSecond: 0.01 } }],
    rulesUnreadable: { fromMs: 10_000, untilMs: 120_000 },
    // Nobody may go by the old limit any more, and the last request was a hundred seconds ago at most.
    lastMessageAfterMs: 85_000,
    leastMs: 120_000,
    hostWaitMs: SLOW_WAIT_MS,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
  limited("an operator loosens the limit of a host that was almost stopped", [["*", { perSecond: 0.005 }]], {
    ...two,
    hostChanges: [{ atMs: 5_000, pattern: "*", limits: { perSecond: 5 } }],
    mostMs: 130_000,
    // If the operator's command dies.
    hostWaitMs: SLOW_WAIT_MS,
    ownRefetchedBytes: Number.POSITIVE_INFINITY,
  }),
];
