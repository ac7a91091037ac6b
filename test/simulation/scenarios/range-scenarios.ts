/** Scenarios of a body that comes over several connections. The first GET is open, and the second asks for a range. */
import { LEASE_TTL_MS, PART_BYTES } from "../services/settings.ts";
import { hasEnd, type BodyFault, type OriginAnswer } from "../services/origin.ts";
import { bodyOf, one, UNRESUMABLE, type ProvenScenario } from "./scenario-kinds.ts";

/** As few parts as all connections need, since the pairs of a run's calls grow with its square. */
const IN_RANGES = bodyOf(5 * PART_BYTES + 3);
const NEWER_PARTS = bodyOf(IN_RANGES.length, "b");

type More = Partial<Parameters<typeof one>[0]>;
type Answers = Readonly<Record<number, OriginAnswer>>;

/** @param answers by the number of the GET. */
const inRanges = (name: string, answers: Answers, more: More = {}): ProvenScenario =>
  one({
    name,
    body: IN_RANGES,
    answer: ({ method }, nth) => (method === "GET" && answers[nth]) || { kind: "body" },
    ...more,
    served: { dripsAlone: true, ...more.served },
    settings: { mostRanges: 3, ...more.settings },
  });

const mangled = (fault: BodyFault): OriginAnswer => ({ kind: "body", fault });
const torn = mangled({ kind: "cut", afterBytes: 1 });
const refused: OriginAnswer = { kind: "status", status: 503, retryAfterS: 5 };

/** What was fetched ahead and is given up when one connection goes on. */
const AHEAD = PART_BYTES;

const changingInRanges = (name: string, atGet: number, more: More = {}): ProvenScenario => ({
  ...inRanges(name, {}, { ownRefetchedBytes: UNRESUMABLE, ...more }),
  published: [[IN_RANGES, NEWER_PARTS]],
  answer: ({ method, url }, nth, origin) => {
    if (method === "GET" && nth === atGet) origin.resources.get(url)?.versions.push(NEWER_PARTS);
    return { kind: "body" };
  },
});

export const RANGE_SCENARIOS: readonly ProvenScenario[] = [
  inRanges("ranges", {}),
  inRanges("ranges are ignored", {}, { served: { ranges: false }, ownRefetchedBytes: UNRESUMABLE }),
  inRanges("the first range is refused", { 2: refused }),
  inRanges("the first range starts at another byte", { 2: mangled({ kind: "wrong range" }) }),
  inRanges("the first range does not end", { 2: mangled({ kind: "endless range" }) }),
  inRanges("a range is refused", { 5: refused }, { ownRefetchedBytes: AHEAD }),
  inRanges(
    "a range is refused, and so is the rest",
    {},
    {
      answer: ({ headers, method }, nth, { requests }) => {
        const open = requests.filter((each) => each.method === "GET" && !each.hasEnd).length;
        const isRefused = hasEnd(headers) ? nth >= 4 : open === 2;
        return method === "GET" && isRefused ? refused : { kind: "body" };
      },
      leastMs: 5000,
      ownRefetchedBytes: 4 * PART_BYTES,
    },
  ),
  inRanges("a range starts at another byte", { 4: mangled({ kind: "wrong range" }) }, { ownRefetchedBytes: AHEAD }),
  inRanges(
    "a range is longer than it says",
    { 4: mangled({ kind: "long", byBytes: 3 }) },
    { ownRefetchedBytes: AHEAD },
  ),
  inRanges(
    "a range ends early without an error",
    { 4: mangled({ kind: "short", afterBytes: 1 }) },
    { ownRefetchedBytes: AHEAD },
  ),
  inRanges("a torn range goes on where it broke", { 3: torn, 6: torn }, { settings: { mostBrokenConnections: 3 } }),
  inRanges("a torn range leaves one connection", { 4: torn }, { ownRefetchedBytes: AHEAD }),
  inRanges(
    "a range is late, and those after it wait",
    {},
    {
      strikes: [{ of: "worker1 ", call: "http.read", nth: 12, fault: { kind: "slow", byMs: LEASE_TTL_MS / 5 } }],
    },
  ),
  changingInRanges("another version in the middle of the ranges", 5),
  changingInRanges("another version in the middle of the ranges, If-Range ignored", 5, {
    served: { ignoresIfRange: true },
  }),
];
