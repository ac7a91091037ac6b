import { RefusalError } from "../../../../core/document/change-document.ts";
import { assert, constantFrom, double, integer, option, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { GateDocument, GatePhase } from "../../../../core/gate/gate-document.ts";
import type { AlarmState } from "../../../../core/ports/alarms.ts";
import {
  commandedChange,
  lookAt,
  ROLLOUT_STEPS,
  gateRolloutChange,
  type GateCommand,
  type Look,
} from "../../../../core/gate/gate-rollout.ts";

const BAKE_MS = 3_600_000;
const BLIND_MS = 900_000;
const SETTINGS = { bakeMs: BAKE_MS, blindMs: BLIND_MS };
const NOW = 1_800_000_000_000;

const gateAt = (percent: number, phase: GatePhase, more: Partial<GateDocument> = {}): GateDocument => ({
  version: 7,
  percent,
  phase,
  retreatTo: 0,
  history: [],
  ...more,
});
const baked = (percent: number, more: Partial<GateDocument> = {}): GateDocument =>
  gateAt(percent, "baking", { bakedFromMs: NOW - BAKE_MS, ...more });

const CLEAR: Look = { kind: "clear", sinceMs: NOW - BAKE_MS };
const BURNING: Look = { kind: "burning", alarm: "slo-burning" };
const UNDECIDED: Look = { kind: "undecided", alarm: "slo-burning" };
const UNREADABLE: Look = { kind: "unreadable", reason: "AccessDenied" };

const outcomeOf = (gate: GateDocument, look: Look, nowMs = NOW): string => {
  const change = gateRolloutChange(gate, look, nowMs, SETTINGS);
  return change ? `${change.phase} ${change.percent}` : "stays";
};

describe("the gate rollout's state machine", () => {
  const steps = ROLLOUT_STEPS.map((percent, index) => ({ percent, next: ROLLOUT_STEPS[index + 1] }));

  it.each(steps)(
    "advances from $percent % to $next when baked; after the last step it is complete",
    ({ percent, next }) => {
      expect(outcomeOf(baked(percent), CLEAR)).toBe(next === undefined ? "complete 100" : `baking ${next}`);
    },
  );

  it.each(steps)("stays at $percent % until the last millisecond of the bake is over", ({ percent }) => {
    const early = [
      outcomeOf(baked(percent, { bakedFromMs: NOW - BAKE_MS + 1 }), CLEAR),
      outcomeOf(baked(percent), { kind: "clear", sinceMs: NOW - BAKE_MS + 1 }),
      outcomeOf(gateAt(percent, "baking"), { kind: "clear", sinceMs: 0 }),
    ];
    expect(early).toEqual(["stays", "stays", "stays"]);
  });

  it.each(steps)(
    "rolls back from $percent % at once if an alarm is in ALARM: not baked, half baked, fully baked or paused",
    (row) => {
      const { percent } = row;
      for (const gate of [
        gateAt(percent, "baking"),
        baked(percent, { bakedFromMs: NOW - BAKE_MS / 2 }),
        baked(percent),
        gateAt(percent, "paused"),
      ])
        expect(outcomeOf(gate, BURNING)).toBe("rolled_back 0");
    },
  );

  it("rolls back to the percentage at which the rollout began, not always to 0", () => {
    expect(outcomeOf(baked(50, { retreatTo: 30 }), BURNING)).toBe("rolled_back 30");
  });

  it.each<[string, GateDocument, Look, string]>([
    ["an alarm has too little data", baked(25), UNDECIDED, "stays"],
    ["the alarms cannot be read", baked(25), UNREADABLE, "stays"],
    [
      "the alarms could not be read for a millisecond less than the limit",
      baked(25, { blindFromMs: NOW - BLIND_MS + 1 }),
      UNREADABLE,
      "stays",
    ],
    [
      "the alarms could not be read for the limit",
      baked(25, { blindFromMs: NOW - BLIND_MS }),
      UNREADABLE,
      "rolled_back 0",
    ],
    [
      "the alarms are OK and readable again after the limit",
      baked(25, { blindFromMs: NOW - BLIND_MS }),
      CLEAR,
      "baking 50",
    ],
    ["it is paused, however long ago the bake began", gateAt(25, "paused", { bakedFromMs: 0 }), CLEAR, "stays"],
    [
      "it is paused and the alarms could not be read for the limit",
      gateAt(25, "paused", { blindFromMs: 0 }),
      UNREADABLE,
      "rolled_back 0",
    ],
  ])("if %s", (_what, gate, look, outcome) => {
    expect(outcomeOf(gate, look)).toBe(outcome);
  });

  it.each<GatePhase>(["complete", "rolled_back", "set", "off"])(
    "never changes a gate in the phase %s, whatever the alarms say",
    (phase) => {
      for (const look of [CLEAR, BURNING, UNDECIDED, UNREADABLE])
        expect(outcomeOf(gateAt(50, phase, { bakedFromMs: 0, blindFromMs: 0 }), look)).toBe("stays");
    },
  );

  it("moves only to the next step or back to where the rollout began, and never past 100", () => {
    const look = constantFrom(CLEAR, BURNING, UNDECIDED, UNREADABLE);
    const time = option(integer({ min: NOW - 2 * BAKE_MS, max: NOW }), { nil: undefined });
    assert(
      property(double({ min: 0, max: 100, noNaN: true }), time, time, look, (percent, from, blind, seen) => {
        const gate = gateAt(percent, "baking", {
          retreatTo: 3,
          ...(from !== undefined && { bakedFromMs: from }),
          ...(blind !== undefined && { blindFromMs: blind }),
        });
        const change = gateRolloutChange(gate, seen, NOW, SETTINGS);
        if (!change) return;
        const next = ROLLOUT_STEPS.find((step) => step > percent) ?? percent;
        expect([next, 3]).toContain(change.percent);
        expect(change.phase === "rolled_back").toBe(seen.kind === "burning" || seen.kind === "unreadable");
      }),
    );
  });
});

describe("the verdict over all rollout alarms", () => {
  const alarm = (state: AlarmState["state"], sinceMs = 1): AlarmState => ({
    name: state.toLowerCase(),
    state,
    sinceMs,
  });

  it.each<[string, readonly AlarmState[], Look]>([
    ["is clear since the latest change if all are OK", [alarm("OK", 5), alarm("OK", 9)], { kind: "clear", sinceMs: 9 }],
    [
      "is burning if one is in ALARM",
      [alarm("OK"), alarm("INSUFFICIENT_DATA"), alarm("ALARM")],
      { kind: "burning", alarm: "alarm" },
    ],
    [
      "is undecided if one has too little data and none is in ALARM",
      [alarm("OK"), alarm("INSUFFICIENT_DATA")],
      { kind: "undecided", alarm: "insufficient_data" },
    ],
    ["is unreadable if no alarm is watched", [], { kind: "unreadable", reason: "no alarm is watched" }],
  ])("%s", (_what, alarms, look) => {
    expect(lookAt(alarms)).toEqual(look);
  });
});

describe("an operator's gate command", () => {
  const WHY = "because";
  const start: GateCommand = { kind: "start" };

  it.each<[string, GateDocument | undefined, GateCommand, object]>([
    ["start at 0 %", gateAt(0, "off"), start, { percent: 5, phase: "baking", retreatTo: 0 }],
    ["start at 30 %", gateAt(30, "set"), start, { percent: 50, phase: "baking", retreatTo: 30 }],
    ["start after a rollback", gateAt(0, "rolled_back"), start, { percent: 5, phase: "baking", retreatTo: 0 }],
    ["pause", baked(25, { retreatTo: 5 }), { kind: "pause" }, { percent: 25, phase: "paused", retreatTo: 5 }],
    [
      "resume",
      gateAt(25, "paused", { retreatTo: 5 }),
      { kind: "resume" },
      { percent: 25, phase: "baking", retreatTo: 5 },
    ],
    ["off without a document", undefined, { kind: "off" }, { percent: 0, phase: "off", retreatTo: 0 }],
    ["off during a rollout", baked(50), { kind: "off" }, { percent: 0, phase: "off", retreatTo: 0 }],
    [
      "set without a document",
      undefined,
      { kind: "set", percent: 12.5 },
      { percent: 12.5, phase: "set", retreatTo: 12.5 },
    ],
    ["set during a rollout", baked(50), { kind: "set", percent: 10 }, { percent: 10, phase: "set", retreatTo: 10 }],
  ])("%s gives the expected percentage, phase and rollback target", (_what, gate, command, planned) => {
    expect(commandedChange(gate, command, WHY)).toEqual({ ...planned, reason: WHY });
  });

  it.each<[string, GateDocument | undefined, GateCommand["kind"], string]>([
    ["start without a document", undefined, "start", "There is no gate document: the workers' variable alone decides"],
    ["start during a rollout", baked(25), "start", "A rollout is running: the gate is at 25 % (baking). Say pause"],
    ["start during a pause", gateAt(25, "paused"), "start", "the gate is at 25 % (paused)"],
    ["start at 100 %", gateAt(100, "complete"), "start", "There is nothing to roll out: the gate is at 100 %"],
    ["pause during a pause", gateAt(25, "paused"), "pause", "No rollout is running: the gate is at 25 % (paused)"],
    ["pause without a document", undefined, "pause", "there is no gate document. Nothing to pause"],
    ["resume during a rollout", baked(25), "resume", "No rollout is paused: the gate is at 25 % (baking)"],
  ])("%s is refused with an explanation", (_what, gate, kind, sentence) => {
    const run = (): unknown => commandedChange(gate, { kind } as GateCommand, WHY);
    expect(run).toThrow(RefusalError);
    expect(run).toThrow(sentence);
  });
});
