/** Changes that change nothing: each with the reason why. */
import type { Mutant } from "./mutants.ts";

interface Argument {
  readonly alarm: RegExp;
  readonly change: RegExp;
  readonly why: string;
}

const FILLERS =
  "A filler stands where a metric has no sample: there nothing happened, or only what makes the other metric whole. " +
  "One event more or none is then below every least number, and between two series math itself takes a missing point for 0.";
const BURN = /-(fast|slow|day)-long$|-breached$/;

const ARGUMENTS: readonly Argument[] = [
  {
    alarm: /^(job-|time-|crash-|lease-acq|operation-)|^worker-failing$|^ledger-growing$/,
    change: /^expr_1: .*(FILL\(\w+, 1\)|(?<!FILL\()\b(bad|valid1|forgotten)\b)/,
    why: FILLERS,
  },
  {
    alarm: BURN,
    change: /^expr_1: .* AND FILL\(bad, 0\) (>= [246]|> 3), /,
    why: "The least number of events times the ratio is that many bad events already.",
  },
  {
    alarm: BURN,
    change: /^expr_1: .* AND FILL\(valid1, 0\) >= 3, /,
    why: "Valid events are at least the least number, and the ratio looks after the bad ones.",
  },
  {
    alarm: /-short$/,
    change: /^expr_1: IF\(FILL\((bad, 0\) >= 0|valid1, 0\) >= 1), /,
    why: "Without a bad event the ratio is 0, or 0 / 0: no point, which IF takes for 0 where its condition holds.",
  },
  {
    alarm: /^(lease-acquisition|operation-replay)-|^worker-failing$|^ledger-growing$/,
    change: /^(valid1|invocations|planned): SampleCount$/,
    why: "Every sample of these is 1: there are as many as they add up to.",
  },
  {
    alarm: /^reconciler-silent$/,
    change: /^runs: (Average|Minimum|Maximum|SampleCount|p50|p99)$/,
    why: "A run is a sample of 1. What is asked is whether there was any.",
  },
  {
    alarm: /^reconciler-silent$/,
    change: /^windows of the clock$/,
    why: "The last five minutes are the last five of the clock.",
  },
  {
    alarm: /^(reconciler-silent|reconciler-failing|(stream-)?dead-letters)$/,
    change: /^threshold (0\.9|2\.7)\d*$/,
    why: "What is counted is whole, and the next whole number is the same.",
  },
  {
    alarm: /^(stream-)?dead-letters$/,
    change: /^m1: Sum$/,
    why: "One of several whole numbers that are not negative is 1 or more exactly if their sum is.",
  },
];

/** @returns why the change makes no difference; `undefined` if it should make one. */
export const argumentFor = ({ alarm, change }: Mutant): string | undefined =>
  ARGUMENTS.find((argument) => argument.alarm.test(alarm) && argument.change.test(change))?.why;

export const allArguments: readonly string[] = ARGUMENTS.map(({ why }) => why);
