/** Scenarios of bodies that are torn, damaged or empty, and of workers that go on with them at once. */
import { PART_BYTES } from "../services/settings.ts";
import {
  changing,
  cutAfter,
  LARGE,
  one,
  onFirst,
  SMALL,
  TORN_BYTES,
  UNRESUMABLE,
  type ProvenScenario,
} from "./scenario-kinds.ts";

const RECONNECTING = { mostBrokenConnections: 3 };

export const TORN_SCENARIOS: readonly ProvenScenario[] = [
  one({
    name: "a torn body goes on within the attempt",
    body: LARGE,
    settings: RECONNECTING,
    answer: ({ method }, nth) => (method === "GET" && nth <= 3 ? cutAfter(PART_BYTES - 2) : { kind: "body" }),
  }),
  one({
    name: "a torn body's rest starts at another byte",
    body: LARGE,
    settings: RECONNECTING,
    answer: ({ method }, nth) => {
      if (method === "HEAD" || nth > 2) return { kind: "body" };
      return nth === 1 ? cutAfter(PART_BYTES + 6) : { kind: "body", fault: { kind: "wrong range" } };
    },
    ownRefetchedBytes: UNRESUMABLE,
  }),
  {
    ...changing("a torn body's rest is of another version", cutAfter(PART_BYTES + 6), { ignoresIfRange: true }),
    settings: RECONNECTING,
  },
  {
    ...changing("a torn body's version is gone", cutAfter(PART_BYTES + 6)),
    settings: RECONNECTING,
  },
  one({
    name: "an origin that breaks off every body before its first byte",
    body: LARGE,
    settings: { ...RECONNECTING, retry: { maxAttempts: 2, baseMs: 1000, capMs: 10_000, longestWaitMs: 43_200_000 } },
    answer: ({ method }) => (method === "GET" ? cutAfter(0) : { kind: "body" }),
    ends: { a: ["FAILED:retries_exhausted:"] },
    published: [],
  }),
  one({
    name: "a HEAD that redirects in a circle",
    body: LARGE,
    answer: ({ method, url }) => (method === "HEAD" ? { kind: "redirect", to: url } : { kind: "body" }),
  }),
  one({
    name: "an empty body of a file of which HEAD has told the length",
    body: SMALL,
    answer: onFirst("GET", { kind: "body", fault: { kind: "empty" } }),
  }),
  one({
    name: "an announced digest of a body that is damaged once",
    body: LARGE,
    served: { announcesDigest: true },
    answer: ({ method }, nth) =>
      method === "GET" && nth === 1 ? { kind: "body", fault: { kind: "corrupt", atByte: 2 } } : { kind: "body" },
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "an announced digest of a body that is damaged after it was torn",
    body: LARGE,
    served: { announcesDigest: true },
    answer: ({ method }, nth) => {
      if (method === "HEAD" || nth > 2) return { kind: "body" };
      return nth === 1 ? cutAfter(PART_BYTES + 6) : { kind: "body", fault: { kind: "corrupt", atByte: 1 } };
    },
    ownRefetchedBytes: TORN_BYTES + UNRESUMABLE,
  }),
  one({
    name: "an announced digest of a small body that is damaged once",
    body: SMALL,
    served: { announcesDigest: true },
    answer: ({ method }, nth) =>
      method === "GET" && nth === 1 ? { kind: "body", fault: { kind: "corrupt", atByte: 2 } } : { kind: "body" },
    ownRefetchedBytes: UNRESUMABLE,
  }),
];
