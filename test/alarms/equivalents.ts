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
const ARGUMENTS: readonly Argument[] = [
  {
    alarm: /./,
    change: /^(bad|valid): (.*FILL\(\w+, 1\)|.*(?<!FILL\()\b(wrong|part\d|failing|taken|host)\b(?!, ))/,
    why: FILLERS,
  },
  {
    alarm: /./,
    change: /^(threshold 0\.9|expr_1: IF\(.*, 2, 0\))$/,
    why: "The expression is 0 or 1, or a whole number.",
  },
  {
    alarm: /^job-completion-fast-long$/,
    change: /^expr_1: IF\(\(bad == 3 /,
    why: "From four bad events on, the next level holds wherever this one does.",
  },
  {
    alarm: /^(job-completion-(fast|slow)-(long|short)|(long-)?worker-failing|(announcer|archiver)-not-started)$/,
    change: /^missing data/,
    why: "FILL of a rule's report, or of an expression, makes a point in every period.",
  },
  {
    alarm: /^((announcer|archiver)-not-started|host-failing)$/,
    change: /^expr_1: .*((work|worst), 1\)(, 0\))?|, 1\))$/,
    why: "One message or record, as none, is below the threshold.",
  },
  {
    alarm: /^(announcer|archiver)-not-started$/,
    change: /^(invocations: |work: Maximum)/,
    why: "An invocation is a sample of 1, and the alarm asks only whether there was any.",
  },
  {
    alarm: /-short$/,
    change: /^expr_1: IF\(\(valid >= 1 /,
    why: "Without a bad event the share is too small, unless there is no event at all.",
  },
  {
    alarm: /^leases-all-slow$/,
    change: /^(expr_1: IF\(FILL\(taken, 1\)|expr_1: .*fastest, 1\)|expr_1: IF\(taken >= |taken: LeasesSlow)/,
    why: "A millisecond, as none, is below the threshold; and if the fastest lease takes that long, all are slow ones.",
  },
  {
    alarm: /^(long-)?worker-failing$/,
    change: /^invocations: SampleCount$/,
    why: "Each invocation is a sample of 1.",
  },
  {
    alarm: /^(lease-acquisition|operation-replay|deliveries-failing|clocks-off|leases-all-slow)/,
    change: /^(part0|taken|failing|m1): SampleCount$/,
    why: "Every sample of these metrics is 1, so the number of samples is their sum.",
  },
  {
    alarm: /^(reconciler|rollout|batches)-silent$/,
    change: /^runs: (Average|Minimum|Maximum|SampleCount|p50|p99)$/,
    why: "A run is a sample of 1, and the alarm asks only whether there was any.",
  },
  {
    alarm:
      /^((reconciler|rollout|batches)-(silent|failing)|(stream-)?dead-letters|records-unreadable|(long-)?queue-stalled|clocks-off|announcer-not-started)$/,
    change: /^threshold (0\.9|1\.8|2\.7)\d*$/,
    why: "Counts are whole numbers, and the next whole number from the threshold up is the same.",
  },
  {
    alarm: /^((stream-)?dead-letters|records-unreadable)$/,
    change: /^m1: Sum$/,
    why: "The largest of several non-negative whole numbers is at least 1 exactly if their sum is.",
  },
];

/** @returns why the change makes no difference; `undefined` if it should make one. */
export const argumentFor = ({ alarm, change }: Mutant): string | undefined =>
  ARGUMENTS.find((argument) => argument.alarm.test(alarm) && argument.change.test(change))?.why;

export const allArguments: readonly string[] = ARGUMENTS.map(({ why }) => why);
