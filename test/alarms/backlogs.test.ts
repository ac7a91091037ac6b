/** A backlog and a stall, as SQS reports them minute by minute, and what the alarms on the queues make of them. */
import { expect, inject, test } from "vitest";
import { ENVIRONMENT, PREFIX } from "./prove.ts";
import { type Entry, recorded, type What } from "./tape.ts";
import { Watch } from "./cloudwatch/watch.ts";

/** In minutes since 1970. */
const START = 29_400_017;
const HOUR = 60;
const ALARMS = ["queue-stalled", "long-queue-stalled"];

const LANES = {
  short: { waiting: "waiting messages", finished: "finished messages" },
  long: { waiting: "waiting long messages", finished: "finished long messages" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, What>>>>;

/** A minute of a queue. */
interface Minute {
  readonly waiting: number;
  readonly finished: number;
}

/** For each alarm that fired: the minute at which it first did. */
function firstAlarms(lane: keyof typeof LANES, minutes: readonly Minute[]): Readonly<Record<string, number>> {
  const { finished, waiting } = LANES[lane];
  const tape = minutes.flatMap((at, minute): readonly Entry[] => [
    { minute, what: waiting, value: at.waiting },
    { minute, what: finished, value: at.finished },
  ]);
  const template = inject("prodTemplate");
  const store = recorded(template, ENVIRONMENT, START, tape);
  const watch = new Watch(
    template,
    store,
    ALARMS.map((id) => PREFIX + id),
  );
  const found: Record<string, number> = {};
  for (const { alarm, minute, to } of watch.run(START + 1, START + minutes.length))
    if (to === "ALARM") found[alarm.slice(PREFIX.length)] ??= minute - START;
  return found;
}

const minutesOf = (count: number, at: (minute: number) => Minute): readonly Minute[] =>
  Array.from({ length: count }, (_, minute) => at(minute));

test("a backlog of two million that is worked off in seven hours wakes nobody", () => {
  const aMinute = Math.ceil(2_000_000 / (7 * HOUR));
  const backlog = minutesOf(8 * HOUR, (minute) => {
    const waiting = Math.max(0, 2_000_000 - minute * aMinute);
    return { waiting, finished: waiting > 0 ? aMinute : 0 };
  });
  expect(firstAlarms("short", backlog)).toEqual({});
});

test("a backlog that is worked off by one message in five minutes wakes nobody", () => {
  const slow = minutesOf(8 * HOUR, (minute) => ({
    waiting: 500 - Math.floor(minute / 5),
    finished: minute % 5 === 0 ? 1 : 0,
  }));
  expect(firstAlarms("short", slow)).toEqual({});
});

/** From minute 60 on nobody takes messages any more, and a new one comes each minute. */
const disabled = (hours: number): readonly Minute[] =>
  minutesOf(hours * HOUR, (minute) =>
    minute < HOUR ? { waiting: 0, finished: 1 } : { waiting: minute - HOUR + 1, finished: 0 },
  );

test("a mapping that is disabled while messages come pages within a quarter of an hour", () => {
  const { "queue-stalled": stalled, ...others } = firstAlarms("short", disabled(3));
  expect(stalled).toBeGreaterThan(HOUR);
  expect(stalled).toBeLessThanOrEqual(HOUR + 15);
  expect(others).toEqual({});
});

test("the long lane's mapping that is disabled pages within 25 minutes", () => {
  const { "long-queue-stalled": stalled, ...others } = firstAlarms("long", disabled(3));
  expect(stalled).toBeGreaterThan(HOUR);
  expect(stalled).toBeLessThanOrEqual(HOUR + 25);
  expect(others).toEqual({});
});

test("a queue that takes hold again clears the alarm", () => {
  const again = minutesOf(HOUR, () => ({ waiting: 10, finished: 100 }));
  const twice = [...disabled(2), ...again];
  expect(firstAlarms("short", again)).toEqual({});
  expect(firstAlarms("short", twice)["queue-stalled"]).toBeLessThanOrEqual(HOUR + 15);
});

test.each(["short", "long"] as const)(
  "one job that an origin has told to wait for an hour wakes nobody: %s lane",
  (lane) => {
    // Its message is deleted at once, and the reconciler's is delayed for the last two minutes.
    const parked = minutesOf(3 * HOUR, (minute) => ({
      waiting: 0,
      finished: minute % HOUR === 0 ? 1 : 0,
    }));
    expect(firstAlarms(lane, parked)).toEqual({});
  },
);

test("200,000 jobs that all wait for one host that is down wake nobody", () => {
  // Each comes back after 10 to 15 minutes, is taken within the minute, and is sent away with a new message.
  const waits = minutesOf(12 * HOUR, (minute) => ({
    waiting: minute % 15 < 10 ? 0 : 40_000,
    finished: minute % 15 < 10 ? 0 : 40_000,
  }));
  expect(firstAlarms("short", waits)).toEqual({});
});

test("a long lane whose invocations all take 15 minutes, and end together, wakes nobody, even if its queue is new", () => {
  const lockstep = minutesOf(10 * HOUR, (minute) => ({
    waiting: 10_000 - Math.floor(minute / 15) * 100,
    finished: minute % 15 === 14 ? 100 : 0,
  }));
  expect(firstAlarms("long", lockstep)).toEqual({});
});

test("origins that trickle, so that one message is finished in a while, page within a quarter of an hour", () => {
  const trickle = minutesOf(12 * HOUR, (minute) => ({ waiting: 30_000, finished: minute % 7 === 0 ? 1 : 0 }));
  expect(firstAlarms("short", trickle)["queue-stalled"]).toBeLessThanOrEqual(15);
});
