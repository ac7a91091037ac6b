/** Scenarios in which an operator cancels jobs: before they begin, while they are held or wait, and too late. */
import { LOOKS_EVERY_MS } from "../services/settings.ts";
import {
  LARGE,
  MANY_PARTS,
  message,
  one,
  onFirst,
  resource,
  serving,
  slowRead,
  SMALL,
  UNRESUMABLE,
  type ProvenScenario,
} from "./scenario-kinds.ts";

/** A crash of the operator's command leaves the job alone. */
const ENDS = { a: ["FAILED:cancelled", "INDEXED"] };
const SETTINGS = { looksEveryMs: LOOKS_EVERY_MS };
const REOPENED_AT_MS = [10_000, 50_000, 90_000, 130_000, 170_000];

const cancelled = (
  atMs: number,
  more: Partial<ProvenScenario> & Pick<ProvenScenario, "name"> & { readonly body?: Buffer },
): ProvenScenario =>
  one({
    body: LARGE,
    settings: SETTINGS,
    cancels: [{ atMs, messages: [message("a")] }],
    ends: ENDS,
    published: [],
    mayPublish: [[LARGE]],
    ownRefetchedBytes: UNRESUMABLE,
    ...more,
  });

export const CANCEL_SCENARIOS: readonly ProvenScenario[] = [
  cancelled(0, {
    name: "a job is cancelled before its message is delivered",
    messagesAfterMs: [5_000],
  }),
  cancelled(1_500, {
    name: "a job is cancelled in the middle of its transfer",
    body: MANY_PARTS,
    mayPublish: [[MANY_PARTS]],
  }),
  cancelled(500, {
    name: "a job is cancelled while HEAD is under way, and its GET is not sent",
    // Without a look, the worker would learn of it from its first renewal.
    settings: { looksEveryMs: 1_000 },
    strikes: [{ of: "worker1 ", call: "http.HEAD", nth: 1, fault: { kind: "slow", byMs: 4_000 } }],
  }),
  cancelled(4_000, { name: "a job is cancelled while its origin is silent", strikes: [slowRead] }),
  cancelled(15_000, {
    name: "a job is cancelled while it waits for its retry",
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: 30 }),
  }),
  {
    ...cancelled(350, { name: "a job is cancelled, and reopened" }),
    operatorAtMs: REOPENED_AT_MS,
    reopensCancelled: true,
  },
  {
    ...cancelled(350, { name: "the cancelling write arrives again after the job was reopened" }),
    operatorAtMs: REOPENED_AT_MS,
    reopensCancelled: true,
    strikes: [{ of: "operator2 ", call: "items.write", nth: 1, fault: { kind: "echo", byMs: 9_850 } }],
  },
  {
    ...cancelled(300, { name: "one of two jobs with the same content is cancelled" }),
    messages: [message("a"), message("b")],
    prepare: serving({ a: resource(SMALL), b: resource(SMALL) }),
    ends: { a: ["FAILED:cancelled", "INDEXED", "DEDUPED"], b: ["INDEXED", "DEDUPED"] },
    published: [[SMALL]],
    mayPublish: [],
  },
];
