/**
 * The events of a job in one line: what they have in common is there once, and the words of `events` say which events
 * there were, in their order. `unpack-job.ts` makes the events of it again, exactly as they were.
 */
import type { TelemetryEvent } from "./events.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface TimedEvent {
  readonly atMs: number;
  readonly event: TelemetryEvent;
}

interface Shape {
  /** Stands for the event in `events`. With `by`, the value of that field follows. */
  readonly word: string;
  readonly by?: "to_state" | "op_type";
  /** All fields but the event's name, in the order in which they are written. */
  readonly fields: readonly string[];
}

/** The event's name of a line that holds several. */
export const PACKED = "job_packed";
/** Stands for an event that has no shape, or does not fit its own: it is in `others` as it is. */
export const OTHER = "*";
/** What a job's first change of state leaves. Later ones leave the state of the one before. */
export const FIRST_STATE = "PLANNED";

const shapes: Readonly<Record<string, Shape>> = {
  job_planned: { word: "planned", fields: ["work_id", "artifact_id", "url", "job_id", "idempotency_key"] },
  job_leased: { word: "leased", fields: ["job_id", "owner", "ttl_sec", "acquired_in_ms"] },
  job_state_changed: {
    word: ">",
    by: "to_state",
    fields: ["job_id", "from_state", "to_state", "since_planned_ms"],
  },
  operation_started: { word: "+", by: "op_type", fields: ["job_id", "op_key", "op_type"] },
  operation_completed: {
    word: "-",
    by: "op_type",
    fields: ["job_id", "op_key", "op_type", "result_code", "elapsed_ms"],
  },
  lease_released: { word: "released", fields: ["job_id", "owner"] },
};
export const SHAPES: ReadonlyMap<string, Shape> = new Map(Object.entries(shapes));

/** Of these fields the line holds a value for each state or type of operation, of the others one. */
export const isKeyed = (field: string): boolean => /^(since_planned_ms|op_key|elapsed_ms)$/.test(field);

type Slots = Record<string, unknown>;

/** The event's word, if all its values fit into the line, where they are then. */
function wordOf(line: Slots, event: Fields, state: string): string | undefined {
  const shape = SHAPES.get(String(event["event"]));
  if (!shape) return undefined;
  const { by, fields, word } = shape;
  const key = by === undefined ? "" : event[by];
  if (typeof key !== "string" || !/^[A-Z_]*$/.test(key) || Object.keys(event).length !== fields.length + 1)
    return undefined;
  const slots: [Slots, string, unknown][] = [];
  for (const field of fields) {
    const value = event[field];
    if (value === undefined || (field === "from_state" && value !== state)) return undefined;
    if (field === by || field === "from_state") continue;
    const [holder, name] = isKeyed(field) ? [(line[field] ?? {}) as Slots, key] : [line, field];
    if (holder[name] !== undefined && holder[name] !== value) return undefined;
    if (holder !== line) slots.push([line, field, holder]);
    slots.push([holder, name, value]);
  }
  for (const [holder, name, value] of slots) holder[name] = value;
  return word + key;
}

/**
 * The line of a job's events, in their order. A number in `events` is the time of what follows it, in ms after
 * `timestamp`, which is the time of the first.
 */
export function packJob(events: readonly TimedEvent[]): Fields {
  const firstMs = events[0]?.atMs ?? 0;
  const line: Slots = { event: PACKED, timestamp: new Date(firstMs).toISOString() };
  const words: (string | number)[] = [];
  const others: Fields[] = [];
  let [atMs, state] = [firstMs, FIRST_STATE];
  for (const timed of events) {
    const event: Fields = timed.event;
    if (timed.atMs !== atMs) words.push(timed.atMs - firstMs);
    ({ atMs } = timed);
    const word = wordOf(line, event, state);
    words.push(word ?? OTHER);
    if (word === undefined) others.push(event);
    else if (word.startsWith(">")) state = word.slice(1);
  }
  return { ...line, events: words.join(" "), ...(others.length > 0 && { others }) };
}
