/** Scenarios of what a message may say: mirrors, URLs that are renewed, files that are refreshed. */
import { hash } from "node:crypto";
import type { OriginAnswer } from "../services/origin.ts";
import { PART_BYTES } from "../services/settings.ts";
import {
  bodyOf,
  cutAfter,
  LARGE,
  MANY_PARTS,
  message,
  NEWER,
  one,
  resource,
  serving,
  SMALL,
  UNRESUMABLE,
  urlOf,
  type ProvenScenario,
} from "./scenario-kinds.ts";

const MIRRORED = message("a", { mirrors: [urlOf("mirror"), urlOf("other")] });
const mirrored = (name: string, more: Partial<ProvenScenario> & { readonly body?: Buffer }): ProvenScenario =>
  one({ name, body: LARGE, messages: [MIRRORED], ...more });

/** So long that the job has attempts left when the queue brings back the message of a worker that died. */
const BUSY: OriginAnswer = { kind: "status", status: 503, retryAfterS: 30 };

/** The first generation has ended by then, also if two faults have struck it. */
const REFRESH_AFTER_MS = 130_000;

const refreshed = (name: string, more: Partial<ProvenScenario>): ProvenScenario => ({
  ...one({ name, body: LARGE, messages: [message("a"), message("a", { refresh: "later" })], ...more }),
  lastMessageAfterMs: REFRESH_AFTER_MS,
});

export const ORDER_SCENARIOS: readonly ProvenScenario[] = [
  mirrored("the first source has no such file, a mirror has it", {
    prepare: serving({ mirror: resource(LARGE) }),
  }),
  mirrored("the first source breaks off every body, a mirror does not", {
    prepare: serving({ a: resource(LARGE), mirror: resource(LARGE) }),
    answer: ({ method, url }) => (method === "GET" && url === urlOf("a") ? cutAfter(PART_BYTES + 6) : { kind: "body" }),
    ownRefetchedBytes: UNRESUMABLE,
  }),
  mirrored("the first source refuses for a while, and mirrors have no such file", {
    prepare: serving({ a: resource(LARGE) }),
    answer: ({ method, url }, nth) =>
      method === "GET" && url === urlOf("a") && nth === 1 ? { kind: "status", status: 503 } : { kind: "body" },
  }),
  mirrored("each source has another version, and the bytes of none are mixed", {
    prepare: serving({ a: resource(LARGE), mirror: resource(NEWER) }),
    answer: ({ method, url }, nth) =>
      method === "GET" && url === urlOf("a") && nth <= 2 ? cutAfter(PART_BYTES + 6) : { kind: "body" },
    published: [[LARGE, NEWER]],
    // A worker dies when it has published the body of one source. The next attempt gets that of the other.
    mayLeave: 1,
    ownRefetchedBytes: UNRESUMABLE,
  }),
  mirrored("a first source with other bytes than were asked for", {
    messages: [{ ...MIRRORED, sha256: hash("sha256", LARGE) }],
    prepare: serving({ a: resource(NEWER), mirror: resource(LARGE) }),
    ownRefetchedBytes: UNRESUMABLE,
  }),
  mirrored("a mirror that refuses for a while, and no other source has the file", {
    prepare: serving({ mirror: resource(LARGE) }),
    answer: ({ method }, nth) => (method === "GET" && nth === 1 ? { kind: "status", status: 503 } : { kind: "body" }),
  }),
  mirrored("a source that breaks off once is not left", {
    body: MANY_PARTS,
    prepare: serving({ a: resource(MANY_PARTS), mirror: resource(MANY_PARTS) }),
    answer: ({ method, url }, nth) =>
      method === "GET" && url === urlOf("a") && nth === 1 ? cutAfter(4 * PART_BYTES + 6) : { kind: "body" },
    // Of the part that the cut is in, two buffers long.
    ownRefetchedBytes: PART_BYTES + 6 - MANY_PARTS.length,
  }),
  mirrored("what a mirror delivered is not fetched again, though the first source has the file by then", {
    body: MANY_PARTS,
    prepare: serving({ a: resource(MANY_PARTS), mirror: resource(MANY_PARTS) }),
    answer: ({ url }, nth) => (url === urlOf("a") && nth === 1 ? { kind: "status", status: 404 } : { kind: "body" }),
    // Both sources count as served once.
    ownRefetchedBytes: -MANY_PARTS.length,
  }),
  mirrored("what a mirror delivered stays, though the first source has another file by then", {
    prepare: serving({ a: resource(bodyOf(SMALL.length, "b")), mirror: resource(SMALL) }),
    answer: ({ url }, nth) => (url === urlOf("a") && nth === 1 ? { kind: "status", status: 404 } : { kind: "body" }),
    published: [[SMALL, bodyOf(SMALL.length, "b")]],
    mayLeave: 1,
  }),
  mirrored("no source has the file", {
    prepare: () => undefined,
    ends: { a: ["FAILED:http_404"] },
    published: [],
  }),
  {
    ...one({ name: "a signature that is renewed while the job waits", body: LARGE }),
    messages: [message("a", { identity: "a", url: urlOf("old") }), message("a", { identity: "a", url: urlOf("new") })],
    prepare: serving({ new: resource(LARGE) }),
    answer: ({ url }) => (url === urlOf("old") ? BUSY : { kind: "body" }),
    lastMessageAfterMs: 3_000,
  },
  refreshed("a refreshed file that has not changed", { ends: { a: ["INDEXED", "DEDUPED"] } }),
  refreshed("a refreshed file that has changed", {
    ends: { a: ["INDEXED"] },
    published: [[LARGE], [NEWER]],
    onEvent: changeOnceStored,
    ownRefetchedBytes: UNRESUMABLE,
  }),
  refreshed("a refreshed file that has not changed, and whose content somebody has removed", {
    ends: { a: ["INDEXED", "DEDUPED"] },
    onEvent: removeOnceRefreshed,
    ownRefetchedBytes: UNRESUMABLE,
  }),
  refreshed("a generation that ends after a later one, and a third that finds nothing new", {
    messages: [
      message("a", { identity: "a", refresh: "first", url: urlOf("old") }),
      message("a", { identity: "a", refresh: "second", url: urlOf("new") }),
      message("a", { identity: "a", refresh: "third", url: urlOf("new") }),
    ],
    // The ETag is the version's number: that of one URL must not be that of the other.
    prepare: serving({ old: resource(LARGE), new: resource(NEWER, { versions: [SMALL, NEWER] }) }),
    published: [[LARGE], [NEWER]],
    ends: { a: ["INDEXED", "DEDUPED"] },
    strikes: [{ of: "worker1 ", call: "http.read", nth: 2, fault: { kind: "slow", byMs: 5_000 } }],
    // The third is not stored.
    calls: { "worker content.publish": 2 },
    ownRefetchedBytes: UNRESUMABLE,
  }),
];

/** The content of the first generation is lost before the second one looks at it. */
function removeOnceRefreshed({ blobs, items }: Parameters<NonNullable<ProvenScenario["onEvent"]>>[0]): void {
  const states = [...items.all].filter(([key]) => key.startsWith("JOB#")).map(([, { state }]) => state);
  if (states.length === 2 && states.includes("LEASED")) blobs.loseContent();
}

/** The origin has a newer version as soon as the first one is stored. */
function changeOnceStored({ blobs, origin }: Parameters<NonNullable<ProvenScenario["onEvent"]>>[0]): void {
  const versions = origin.resources.get(urlOf("a"))?.versions;
  if (blobs.contentObjects.size === 1 && versions?.length === 1) versions.push(NEWER);
}
