/** What is expected of an alarm: its numbers, and five series with what it must do in each. */
import type { Entry, Reading, What } from "./tape.ts";

export const SERIES = ["fires", "near miss", "missing data", "low traffic", "recovery"] as const;
export type SeriesName = (typeof SERIES)[number];

export interface ExpectedCondition {
  /** What the name of this half adds to the alarm's; empty if the alarm has one condition. */
  readonly suffix: "" | "-long" | "-short";
  /** Length of a period. */
  readonly minutes: number;
  /** How many periods in a row must breach. */
  readonly periods: number;
  readonly missing: "notBreaching" | "breaching";
  /** Whether a period without data counts as zero. */
  readonly filled: boolean;
  readonly hasData: (reading: Reading) => boolean;
  readonly breaches: (reading: Reading) => boolean;
}

export interface ExpectedAlarm {
  readonly id: string;
  readonly severity: "page" | "ticket";
  readonly conditions: readonly ExpectedCondition[];
  /** Id of the alarm that says all that this one could: while it is on, this one notifies nobody. */
  readonly saidBy?: string;
  /** Only of alarms on a share of bad events. */
  readonly arithmetic?: { readonly traffic: ByTraffic; readonly rule: RatioRule };
  readonly tapes: Readonly<Record<SeriesName, readonly Entry[]>>;
  /** How often it must go to ALARM in each series. */
  readonly alarms: Readonly<Record<SeriesName, number>>;
  /** The last minute that is judged. By default, a series is judged for as long as a state can change. */
  readonly watchedUntil?: Readonly<Partial<Record<SeriesName, number>>>;
}

export type Mark = Omit<Entry, "minute" | "times">;

/** The marks that good and bad events leave on a tape, and how to count the events. */
export interface ByTraffic {
  /** The kinds of good events, each with all its marks. */
  readonly good: readonly (readonly Mark[])[];
  readonly bad: readonly Mark[];
  /** Marks that are neither good nor bad, but report one of the alarm's metrics. */
  readonly also?: readonly Mark[];
  readonly count: (reading: Reading) => { readonly bad: number; readonly valid: number };
  /** Further marks that report one of the alarm's metrics, and are counted. */
  readonly reports?: readonly What[];
  /** Of events that only this kind of traffic has. The argument is the least number of bad events. */
  readonly more?: (bad: number) => { readonly fires: readonly Episode[]; readonly nearMiss: readonly Episode[] };
}

/** At least so many bad events, and at least this share of the valid ones, in ten-thousandths: exact arithmetic. */
export interface Level {
  readonly bad: number;
  readonly ratio: number;
}

export interface RatioRule {
  readonly saidBy?: string;
  readonly severity: ExpectedAlarm["severity"];
  /** Length of the long window, in minutes. */
  readonly long: number;
  /** Any of them is enough. The more bad events one wants, the smaller is its share. */
  readonly levels: readonly Level[];
  readonly short?: Level & { readonly minutes: number };
}

export type Episode = readonly Entry[];

/** The episodes one after the other, with four windows of silence between them, so that no evaluation sees two. */
export function inTurn(window: number, episodes: readonly Episode[]): readonly Entry[] {
  let offset = 0;
  return episodes.flatMap((episode) => {
    const start = offset;
    offset += Math.max(0, ...episode.map(({ minute }) => minute)) + 4 * window;
    return episode.map((entry) => Object.assign({}, entry, { minute: start + entry.minute }));
  });
}
