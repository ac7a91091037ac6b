import type { HostLimits, HostRule } from "../../../core/flow/host-rule.ts";
import { DOCUMENT_TRUSTED_MS } from "../../../core/document/document-reader.ts";
import { jobIdOf, MOST_WATCH_SHARDS } from "../../../core/model/keys.ts";
import type { HostRuleChange, Limits, QueueHazard, Unreadable } from "../services/limits.ts";
import { shardsOf } from "../services/shards.ts";
import { POISON_KINDS, type Lasting } from "../services/lasting.ts";
import { PART_BYTES } from "../services/settings.ts";
import { Dice } from "../services/time.ts";
import type { ShortLane } from "../../../core/transfer/transfer-deps.ts";
import { HAZARDS, type Hazard } from "./enabled.ts";
import { bodyOf, messageOf, resourceOf, type PlannedFault, type Shape } from "./shape.ts";

export interface Hazards {
  /** Those that the schedule has. */
  readonly drawn: ReadonlySet<Hazard>;
  /** Faults that strike only calls of their own kind, in addition to the schedule's other faults. */
  readonly faults: readonly PlannedFault[];
  /** Whether a reconciler must send its message also if the answer to its write was lost. */
  readonly isOwedChecked: boolean;
  /** Whether S3 keeps a part that was on its way when its upload was aborted. */
  readonly mayLandLate: boolean;
  /** Worker processes live on after their invocations. The last duplicates come after a pause. */
  /** When the last of several messages is sent, in ms from the start. Undefined: at the start. */
  readonly lastMessageAfterMs?: number;
  /** The percentage of the gate at the start. Undefined: as the schedule says. */
  readonly gate?: number;
  readonly warm?: { readonly duplicatesAfterMs: number };
  /** In the end, the records of finished jobs are removed while duplicates are on their way. */
  readonly expiry?: { readonly duplicateAfterMs: number; readonly removedAfterMs: number };
  /** How old the state is that the watch index shows, in ms. */
  readonly lagMs?: number;
  /** Connections over which one body may come. */
  readonly mostRanges: number;
  /** One connection is slow, so that several are worth it. */
  readonly dripsAlone: boolean;
  /** How much of the origin's host may be used. Empty: there are no limits. */
  readonly hostRules: readonly HostRule[];
  /** What operators change of that. */
  readonly hostChanges: readonly HostRuleChange[];
  readonly rulesUnreadable?: Unreadable | undefined;
  /** What the short lane takes. Undefined: there is one lane. */
  readonly shortLane?: ShortLane;
  /** Undefined: the limits of SQS, and more receives than any schedule needs. */
  readonly queue?: QueueHazard;
  /** The limits of one run of the reconciler. Undefined: higher than any schedule needs. */
  readonly limits?: Limits;
  /** When operators cancel jobs, and how many of the jobs, from the last one on. */
  readonly cancels: readonly { readonly atMs: number; readonly jobs: number }[];
  /** Whether the operators who reopen failed jobs reopen those too that were cancelled. */
  readonly reopensCancelled: boolean;
  readonly crowd?: Pick<Shape, "messages" | "resources" | "digests" | "workers">;
}

/** A separate random stream: drawing hazards does not change the rest of the schedule. */
const hazardSeed = (seed: number): number => seed + 2 ** 52 + 2 ** 51 + 2 ** 50;

/** Draws each enabled hazard from dice of its own, so that switching one on does not change the others. */
export function drawHazards(seed: number, enabled: ReadonlySet<Hazard>): Hazards {
  const seeds = new Dice(hazardSeed(seed));
  const diceOf = new Map(HAZARDS.map((hazard) => [hazard, new Dice(seeds.below(2 ** 32))]));
  const all = new Set<Hazard>();
  const drawn = (hazard: Hazard, probability: number): Dice | undefined => {
    const dice = diceOf.get(hazard);
    if (!dice || !enabled.has(hazard) || !dice.chance(probability)) return undefined;
    all.add(hazard);
    return dice;
  };
  const echo = drawn("echo", 0.15);
  const lasting = drawn("lasting", 0.1);
  const lostAnswer = drawn("lost answer", 0.1);
  const limits = drawn("limits", 0.12);
  const crowd = drawn("crowd", 0.02);
  const warm = drawn("warm", 0.3);
  const isGateTurned = warm?.chance(0.15) === true;
  const queue = drawn("queue", 0.1);
  const expiry = drawn("expiry", 0.08);
  const lag = drawn("lag", 0.15);
  const ranges = drawn("ranges", 0.5);
  const hosts = drawn("hosts", 0.25);
  const lanes = drawn("lanes", 0.3);
  const latePart = drawn("late parts", 0.08);
  const cancels = drawn("cancels", 0.15);
  return {
    drawn: all,
    isOwedChecked: enabled.has("lost answer"),
    ...(warm && { warm: { duplicatesAfterMs: warm.below(LONGEST_IDLE_MS) } }),
    ...(isGateTurned &&
      warm && { gate: 50, lastMessageAfterMs: warm.between(DOCUMENT_TRUSTED_MS, 3 * DOCUMENT_TRUSTED_MS) }),
    ...(queue && { queue: drawQueue(queue) }),
    ...(expiry && { expiry: { duplicateAfterMs: expiry.below(2000), removedAfterMs: expiry.below(4000) } }),
    ...(lag && { lagMs: lag.below(lag.pick(LAGS_MS)) }),
    hostRules: hosts ? [["*", drawHostLimits(hosts)]] : [],
    ...drawOperators(hosts?.chance(0.5) === true ? hosts : undefined),
    ...(lanes && {
      shortLane: { longFromBytes: lanes.pick(LONG_FROM_BYTES), shortLaneMs: lanes.pick(SHORT_LANES_MS) },
    }),
    mostRanges: ranges?.pick([2, 3, 4, 8]) ?? 1,
    dripsAlone: ranges?.chance(0.7) === true,
    mayLandLate: enabled.has("late parts"),
    cancels: cancels ? drawCancels(cancels) : [],
    reopensCancelled: cancels?.chance(0.4) === true,
    ...(limits && { limits: drawLimits(limits) }),
    ...(crowd && { crowd: drawCrowd(crowd), limits: drawLimits(crowd) }),
    faults: [
      ...(echo ? drawEchoes(echo) : []),
      ...(lasting ? [{ at: 0, seed: lasting.below(2 ** 32), of: "lasting" as const }] : []),
      ...(crowd && !lasting && enabled.has("lasting") && crowd.chance(0.5)
        ? [{ at: 0, seed: crowd.below(2 ** 32), of: "lasting" as const }]
        : []),
      ...(lostAnswer ? [{ at: 1 + lostAnswer.below(LAST_ECHOED_CALL), seed: 0, of: "lost answer" as const }] : []),
      ...(limits?.chance(0.5) ? [{ at: 1, seed: limits.below(2 ** 32), of: "slow batch" as const }] : []),
      ...(crowd ? [{ at: 20 + crowd.below(120), seed: crowd.below(2 ** 32), of: "all workers die" as const }] : []),
      ...(warm && isGateTurned ? drawGateTrouble(warm) : []),
      ...(queue?.chance(0.5)
        ? [{ at: 1 + queue.below(60), seed: queue.below(2 ** 32), of: "init fails" as const }]
        : []),
      ...(queue?.chance(0.5) ? [{ at: 1, seed: queue.below(2 ** 32), of: "long Retry-After" as const }] : []),
      ...(queue?.chance(0.5) ? [{ at: 1, seed: queue.below(2 ** 32), of: "letters cut short" as const }] : []),
      ...(queue?.chance(0.5) ? [{ at: 1, seed: queue.below(2 ** 32), of: "early duplicate" as const }] : []),
      ...(latePart ? [{ at: 1, seed: latePart.below(2 ** 32), of: "late part" as const }] : []),
    ],
  };
}

function drawHostLimits(dice: Dice): HostLimits {
  const connections = dice.pick([0, 1, 1, 2, 3, 8]);
  const perSecond = dice.pick([0, 0, 0.5, 1, 2, 5]);
  return { ...(connections > 0 && { connections }), ...(perSecond > 0 && { perSecond }) };
}

const CHANGED_BEFORE_MS = [1, 5_000, 60_000, 120_000];
/** So short that a message is received a few times at most while nobody knows the rules. */
const LONGEST_UNREADABLE_MS = 60_000;

/** Rules that come, are tightened and loosened, and go, two of them at the same time; and reads of them that fail. */
function drawOperators(dice: Dice | undefined): Pick<Hazards, "hostChanges" | "rulesUnreadable"> {
  if (!dice) return { hostChanges: [] };
  const hostChanges = Array.from({ length: dice.between(1, 4) }, () => ({
    atMs: dice.below(dice.pick(CHANGED_BEFORE_MS)),
    pattern: dice.pick(["*", "*.example", "origin.example"]),
    limits: dice.pick<() => HostRuleChange["limits"]>([
      () => "unlimited",
      () => undefined,
      () => drawHostLimits(dice),
      () => drawHostLimits(dice),
    ])(),
  }));
  const [last] = hostChanges;
  const twin = last && dice.chance(0.3) ? [{ ...last, pattern: "elsewhere.example" }] : [];
  const fromMs = (last?.atMs ?? 0) + dice.below(2_000);
  return {
    hostChanges: [...hostChanges, ...twin],
    ...(dice.chance(0.3) && { rulesUnreadable: { fromMs, untilMs: fromMs + dice.below(LONGEST_UNREADABLE_MS) } }),
  };
}

const LAST_ECHOED_CALL = 60;
const LONGEST_IDLE_MS = 180_000;

const drawEchoes = (dice: Dice): readonly PlannedFault[] =>
  Array.from({ length: dice.between(1, 3) }, () => ({
    at: 1 + dice.below(LAST_ECHOED_CALL),
    seed: dice.below(2 ** 32),
    of: "echo" as const,
  })).sort((a, b) => a.at - b.at);

/** The gate is turned, and reads of the document fail, for a while one after the other. */
const drawGateTrouble = (dice: Dice): readonly PlannedFault[] => {
  const turnsAt = 3 + dice.below(25);
  return [
    { at: turnsAt, seed: dice.below(2 ** 32), of: "gate turned" },
    ...Array.from({ length: dice.between(1, 6) }, () => ({ at: turnsAt, seed: 0, of: "failed read" as const })),
  ];
};

/** 12 hours, scaled: longer than an invocation, and than clocks differ; shorter than the longest Retry-After. */
const LONGEST_HIDDEN_MS = 720_000;
/** 14 days, and 14 days scaled: longer than a job is unwatched, and than clocks differ. */
const RETENTIONS_MS = [14 * 24 * 3_600_000, 14 * 24 * 3_600_000, 900_000];

const drawQueue = (dice: Dice): QueueHazard => ({
  maxReceives: dice.pick([3, 5, 50]),
  ages: { longestHiddenMs: LONGEST_HIDDEN_MS, retentionMs: dice.pick(RETENTIONS_MS) },
  initsFailMs: dice.chance(0.2) ? dice.between(120_000, 1_500_000) : 0,
});

const LONG_FROM_BYTES = [1, PART_BYTES + 1, 3 * PART_BYTES, 1_000_000];
const SHORT_LANES_MS = [20, 500, 5000, 60_000];

/** Shorter than the time between the write that watches a job and the moment at which it is due. */
const LAGS_MS = [1000, 10_000];

const LONGEST_SHARD_FAILURE_MS = 300_000;
/** From when on a record cannot be reached: mostly once it is there. */
const SICK_AFTER_MS = [500, 3000, 30_000];
/** How soon after a call a virus scanner takes away what was staged. */
const TAKEN_AFTER_MS = [0, 0, 500, 5000];

/** One failure that stays. It affects one job of the schedule, or none but a record that nobody can read. */
export function drawLasting(dice: Dice, { messages }: Pick<Shape, "messages">, isCrowd: boolean): Lasting {
  const message = dice.pick(messages.filter((each) => typeof each !== "string"));
  const jobId = jobIdOf(message);
  const shard = dice.chance(0.5) ? dice.pick(shardsOf(jobId)) : dice.below(MOST_WATCH_SHARDS);
  const poison = (): Lasting => ({
    kind: "poison",
    record: dice.pick(POISON_KINDS),
    shard,
    hasStaged: dice.chance(0.5),
  });
  // In a crowd, the record may stand before a job that is due, in a shard of which little is looked at.
  if (isCrowd) return poison();
  return dice.pick<() => Lasting>([
    poison,
    () => ({
      kind: "sick record",
      jobId,
      afterMs: dice.below(dice.pick(SICK_AFTER_MS)),
      forMs: dice.below(LONGEST_SHARD_FAILURE_MS),
    }),
    () => ({ kind: "refused", jobId, call: dice.pick(["put", "part", "complete", "copy"]) }),
    () => ({
      kind: "taken",
      jobId,
      what: dice.pick(["object", "upload"]),
      afterMs: dice.below(1 + dice.pick(TAKEN_AFTER_MS)),
    }),
    () => ({ kind: "shard", shard, forMs: dice.below(LONGEST_SHARD_FAILURE_MS) }),
    () => ({ kind: "restless origin", jobId, afterBytes: PART_BYTES + dice.below(2 * PART_BYTES) }),
  ])();
}

const CANCELLED_BEFORE_MS = [500, 3_000, 20_000, 120_000];

const drawCancels = (dice: Dice): Hazards["cancels"] =>
  Array.from({ length: dice.pick([1, 1, 1, 2, 3]) }, () => ({
    atMs: dice.below(dice.pick(CANCELLED_BEFORE_MS)),
    jobs: dice.between(1, 3),
  }));

const LATEST_ORPHAN_MS = 60_000;

const drawLimits = (dice: Dice): Limits => ({
  recoverLimit: dice.pick([1, 1, 2, 3, 5]),
  sweepLimit: dice.pick([1, 1, 2, 3, 10]),
  orphans: Array.from({ length: dice.pick([0, 0, 0, 0, 1, 2, 3]) }, () => ({
    atMs: dice.below(LATEST_ORPHAN_MS),
    isUpload: dice.chance(0.5),
  })),
  hasWaitingJob: dice.chance(0.5),
});

/** The first eight fall into eight shards of the watch index under each setting, the last shard of all among them. */
const CROWD = "c59 c8 c2 c6 c5 c4 c0 c58 c27 c13 c11 c7 c1 c40".split(" ");
const CROWD_LENGTHS = [1, PART_BYTES, 2 * PART_BYTES + 1];
/** More parts than a page of a small listing. */
const MANY_PARTS_BYTES = 24 * PART_BYTES;

function drawCrowd(dice: Dice): NonNullable<Hazards["crowd"]> {
  const artifacts = CROWD.slice(0, dice.between(8, CROWD.length));
  const large = dice.chance(0.5) ? dice.pick(artifacts) : undefined;
  return {
    messages: artifacts.map((artifact) => messageOf(artifact)),
    resources: new Map(
      artifacts.map((artifact) => {
        const bytes = artifact === large ? MANY_PARTS_BYTES : dice.pick(CROWD_LENGTHS);
        return [messageOf(artifact).url, resourceOf(bodyOf(artifact, bytes))];
      }),
    ),
    digests: "none",
    workers: dice.between(3, 8),
  };
}
