/** What is expected of an alarm: its numbers, and five series with what it must do in each. */
import type { Entry, Reading } from "./tape.ts";

export const SERIES = ["fires", "near miss", "missing data", "low traffic", "recovery"] as const;
export type SeriesName = (typeof SERIES)[number];

export interface ExpectedCondition {
  /** Of its name, after the alarm's. */
  readonly suffix: "" | "-long" | "-short";
  readonly minutes: number;
  /** So many in a row. */
  readonly periods: number;
  readonly missing: "notBreaching" | "breaching";
  /** Whether silence counts as zeros. */
  readonly filled: boolean;
  readonly hasData: (reading: Reading) => boolean;
  readonly breaches: (reading: Reading) => boolean;
}

export interface ExpectedAlarm {
  readonly id: string;
  readonly severity: "page" | "ticket";
  readonly conditions: readonly ExpectedCondition[];
  /** Of alarms on a share. */
  readonly arithmetic?: { readonly traffic: ByTraffic; readonly rule: RatioRule };
  readonly tapes: Readonly<Record<SeriesName, readonly Entry[]>>;
  /** How often it goes to ALARM in each. */
  readonly alarms: Readonly<Record<SeriesName, number>>;
  /** The last minute that is looked at, where it is not as long as something can change. */
  readonly watchedUntil?: Readonly<Partial<Record<SeriesName, number>>>;
}

export type Mark = Omit<Entry, "minute" | "times">;

/** Of what an event leaves behind, and how many there were. */
export interface ByTraffic {
  /** Kinds of good events, each with all that it leaves. */
  readonly good: readonly (readonly Mark[])[];
  readonly bad: readonly Mark[];
  /** What is neither, and still reports one of the metrics. */
  readonly also?: readonly Mark[];
  readonly count: (reading: Reading) => { readonly bad: number; readonly valid: number };
}

export interface RatioRule {
  readonly severity: ExpectedAlarm["severity"];
  readonly long: number;
  readonly short?: number;
  /** In ten-thousandths, so that the arithmetic here is exact. */
  readonly ratio: number;
  readonly least?: number;
  readonly below?: number;
  readonly leastBad?: number;
}

export type Episode = readonly Entry[];

/** One after the other, with so much silence between them that no evaluation sees two. */
export function inTurn(window: number, episodes: readonly Episode[]): readonly Entry[] {
  let offset = 0;
  return episodes.flatMap((episode) => {
    const start = offset;
    offset += Math.max(0, ...episode.map(({ minute }) => minute)) + 4 * window;
    return episode.map((entry) => Object.assign({}, entry, { minute: start + entry.minute }));
  });
}
