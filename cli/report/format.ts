import { formatDuration } from "../shared/words.ts";

const DATE_AND_ZONE = { dateStyle: "medium", timeStyle: "long" } as const;
/** User names and passwords of URLs are not repeated anywhere. */
const CREDENTIALS = /([/\\]{2})[^/\\?#\s]*@/g;

export const formatCount = (count: number): string => count.toLocaleString("en-US");

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

export const formatTime = (atMs: number): string => new Date(atMs).toLocaleString("en-GB", DATE_AND_ZONE);

/** Like a duration, with milliseconds below a second. */
export const formatSpan = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms));

/** `12.3 %`; never 0 % or 100 % for a part that is neither. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  if (percent < 100 && percent > 99.9) return "> 99.9 %";
  return `${Number(percent.toFixed(1))} %`;
}

/** Leaves out the middle of a long text. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

/** The text without the user names and passwords of its URLs. */
export const withoutCredentials = (text: string): string => text.replace(CREDENTIALS, "$1…@");
