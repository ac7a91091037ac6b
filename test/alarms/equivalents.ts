/** The mutants that make no difference, each with the reason why. */
import type { Mutant } from "./mutants.ts";

interface Argument {
  readonly alarm: RegExp;
  readonly change: RegExp;
  readonly why: string;
}

const FILLERS =
  "A filler counts where a metric has no sample: nothing happened, or only what the other metric counts in full. " +
  "One event more or none is below every minimum number, and math over two series takes a missing point as 0 itself.";
const BURN = /-(fast|slow|day)-long$|-breached$/;

const ARGUMENTS: readonly Argument[] = [
  {
    alarm: /^(job-|time-|crash-|lease-acq|operation-)|^(long-)?worker-failing$|^ledger-growing$/,
    change: /^expr_1: .*(FILL\(\w+, 1\)|(?<!FILL\()\b(bad|valid1|forgotten)\b)/,
    why: FILLERS,
  },
  {
    alarm: BURN,
    change: /^expr_1: .* AND FILL\(bad, 0\) (>= [246]|> 3), /,
    why: "The minimum number of events times the ratio already requires that many bad events.",
  },
  {
    alarm: BURN,
    change: /^expr_1: .* AND FILL\(valid1, 0\) >= 3, /,
    why: "There are at least the minimum number of valid events, and the ratio already requires the bad ones.",
  },
  {
    alarm: /-short$/,
    change: /^expr_1: IF\(FILL\((bad, 0\) >= 0|valid1, 0\) >= 1), /,
    why: "Without a bad event the ratio is 0, or has no point (0 / 0), which IF takes as 0 where its condition holds.",
  },
  {
    alarm: /^(lease-acquisition|operation-replay)-|^(long-)?worker-failing$|^ledger-growing$/,
    change: /^(valid1|invocations|planned): SampleCount$/,
    why: "Every sample of these metrics is 1, so the number of samples is their sum.",
  },
  {
    alarm: /^(reconciler|rollout)-silent$/,
    change: /^runs: (Average|Minimum|Maximum|SampleCount|p50|p99)$/,
    why: "A run is a sample of 1, and the alarm asks only whether there was any.",
  },
  {
    alarm: /^(reconciler|rollout)-silent$/,
    change: /^wall-clock windows$/,
    why: "The periods are minutes, and the last five minutes are the last five minutes of the clock.",
  },
  {
    alarm: /^((reconciler|rollout)-(silent|failing)|(stream-)?dead-letters|records-unreadable|(long-)?queue-stalled)$/,
    change: /^threshold (0\.9|2\.7)\d*$/,
    why: "Counts are whole numbers, and the next whole number from the threshold up is the same.",
  },
  {
    alarm: /^((stream-)?dead-letters|records-unreadable)$/,
    change: /^m1: Sum$/,
    why: "The largest of several non-negative whole numbers is at least 1 exactly if their sum is.",
  },
  {
    alarm: /^(long-)?(queue-stalled|oldest-message)$/,
    change: /^moved: Maximum$/,
    why: "The sum of several non-negative whole numbers is below 1 exactly if the largest of them is.",
  },
  {
    alarm: /^(long-)?oldest-message$/,
    change: /^expr_1: .*, work, 1\)$/,
    why: "An age of a second is below three quarters of an hour, as one of none is.",
  },
];

/** @returns why the change makes no difference; `undefined` if it should make one. */
export const argumentFor = ({ alarm, change }: Mutant): string | undefined =>
  ARGUMENTS.find((argument) => argument.alarm.test(alarm) && argument.change.test(change))?.why;

export const allArguments: readonly string[] = ARGUMENTS.map(({ why }) => why);
