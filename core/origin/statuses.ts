/** What becomes of each status, as data. docs/origins.md shows this table. */

/**
 * whole: the body is what was asked for. part: a piece of it. redirect: the answer is elsewhere. retry: the answer may
 * be another one later. final: asking again would not help.
 */
export type Verdict = "whole" | "part" | "redirect" | "retry" | "final";

export interface StatusRule {
  readonly from: number;
  /** The end is included. */
  readonly to: number;
  readonly verdict: Verdict;
  readonly why: string;
  readonly source: string;
}

const RFC = "RFC 9110";
const rule = (
  statuses: number | readonly [number, number],
  verdict: Verdict,
  why: string,
  source: string,
): StatusRule => {
  const [from, to] = typeof statuses === "number" ? [statuses, statuses] : statuses;
  return { from, to, verdict, why, source };
};

/** The first rule that fits a status decides. */
export const STATUS_RULES: readonly StatusRule[] = [
  rule(200, "whole", "The body is the file.", `${RFC}, 15.3.1`),
  rule(202, "retry", "The file is not ready yet.", `${RFC}, 15.3.3`),
  rule(203, "whole", "The file came through a proxy that may have changed it.", `${RFC}, 15.3.4`),
  rule(206, "part", "Believed only if it is the part that was asked for, or the whole file.", `${RFC}, 15.3.7`),
  rule([200, 299], "final", "The body is not the file: a report, nothing, or a difference.", `${RFC}, 15.3; RFC 3229`),
  rule(300, "redirect", "Followed if it names a Location.", `${RFC}, 15.4.1`),
  rule([301, 303], "redirect", "Followed.", `${RFC}, 15.4.2 to 15.4.4`),
  rule(304, "retry", "Answers a condition that was not asked: a cache is confused.", `${RFC}, 15.4.5`),
  rule([307, 308], "redirect", "Followed.", `${RFC}, 15.4.8 and 15.4.9`),
  rule([300, 399], "final", "No such redirect is in use.", `${RFC}, 15.4`),
  rule(408, "retry", "The origin waited too long for the request.", `${RFC}, 15.5.9`),
  rule(420, "retry", "An older way to say 429.", "Twitter's API, version 1"),
  rule(421, "retry", "Another connection may reach the right server.", `${RFC}, 15.5.20`),
  rule(423, "retry", "Somebody holds the file at the moment.", "RFC 4918, 11.3"),
  rule(425, "retry", "The origin does not want the request so early.", "RFC 8470, 5.2"),
  rule(429, "retry", "Too many requests.", "RFC 6585, 4"),
  rule([400, 499], "final", "The origin refuses, or has no such file.", `${RFC}, 15.5`),
  rule([501, 501], "final", "The origin does not know GET.", `${RFC}, 15.6.2`),
  rule([505, 506], "final", "The origin cannot be asked like this.", `${RFC}, 15.6.6; RFC 2295, 8.1`),
  rule(510, "final", "The origin asks for an extension.", "RFC 2774, 7"),
  rule([500, 599], "retry", "The origin has failed.", `${RFC}, 15.6`),
  rule([0, 999], "retry", "Not a status: treated like a failure of the origin.", `${RFC}, 15`),
];

export function verdictOn(status: number): Verdict {
  return STATUS_RULES.find(({ from, to }) => from <= status && status <= to)?.verdict ?? "retry";
}
