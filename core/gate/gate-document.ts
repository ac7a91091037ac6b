/** The gate document in the table: the percentage of jobs that take the guarded path, and the history of changes. */
import * as z from "zod/mini";
import { parsedItem } from "../document/change-document.ts";
import type { Gate } from "./gate.ts";
import type { Item, Value } from "../model/write.ts";

export const GATE_KEY = "GATE";

/**
 * `baking` and `paused`: a rollout is running, and the alarms are watched. `complete`: the rollout has passed its last
 * step. `rolled_back`: the alarms took it back. `set` and `off`: somebody chose the percentage by hand.
 */
const GATE_PHASES = ["baking", "paused", "complete", "rolled_back", "set", "off"] as const;
export type GatePhase = (typeof GATE_PHASES)[number];

export interface GateChange {
  readonly version: number;
  readonly atMs: number;
  /** The name that the caller gave. It is not verified. */
  readonly by: string;
  /** Undefined if there was no document: the workers' variable alone decided. */
  readonly from: Gate | undefined;
  readonly to: Gate;
  readonly phase: GatePhase;
  readonly reason: string;
}

export interface GateDocument {
  /** Grows by one with each change. Every write names the version that its writer has seen. */
  readonly version: number;
  readonly percent: Gate;
  readonly phase: GatePhase;
  /** The percentage at which the rollout began. A rollback returns to it. */
  readonly retreatTo: Gate;
  /** When the controller, by its own clock, first saw this step with readable alarms. The bake begins then. */
  readonly bakedFromMs?: number;
  /** Since when the alarms cannot be read; absent while they can. */
  readonly blindFromMs?: number;
  /** Oldest first. */
  readonly history: readonly GateChange[];
}

const percent = z.number().check(z.gte(0), z.lte(100));
const phase = z.enum(GATE_PHASES);
const storedChange = z.object({
  version: z.int(),
  at: z.number(),
  by: z.string(),
  from: z.nullable(percent),
  to: percent,
  phase,
  reason: z.string(),
});
const stored = z.object({
  version: z.int(),
  percent,
  phase,
  retreat_to: percent,
  baked_from: z.optional(z.number()),
  blind_from: z.optional(z.number()),
  history: z.array(storedChange),
});

const WHAT_TO_DO = "Delete it and write it again: npm run gate -- off";

/** Reads only what a worker needs, so that a document of a later release does not stop an earlier worker. */
export const gatePercentOf = (item: Item): Gate =>
  parsedItem(z.object({ percent }), GATE_KEY, item, WHAT_TO_DO).percent;

/** @throws TypeError when the item is not a valid gate document. */
export function decodeGate(item: Item): GateDocument {
  const { retreat_to, baked_from, blind_from, history, ...same } = parsedItem(stored, GATE_KEY, item, WHAT_TO_DO);
  return {
    ...same,
    retreatTo: retreat_to,
    ...(baked_from !== undefined && { bakedFromMs: baked_from }),
    ...(blind_from !== undefined && { blindFromMs: blind_from }),
    history: history.map(decodeChange),
  };
}

const decodeChange = ({ at, from, ...rest }: z.infer<typeof storedChange>): GateChange => ({
  ...rest,
  atMs: at,
  from: from ?? undefined,
});

export const encodeChange = ({ atMs, from, ...rest }: GateChange): Value => ({ ...rest, at: atMs, from: from ?? null });
