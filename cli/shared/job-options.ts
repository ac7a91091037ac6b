/** Options with which commands select jobs. */
import { InvalidArgumentError } from "commander";
import { UsageError } from "../terminal/usage-error.ts";

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90m` in ms. */
export function duration(text: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (number === undefined)
    throw new InvalidArgumentError("It must be a number followed by s, m, h or d, such as 90m.");
  return Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** Times since then, in ms. */
interface Ages {
  readonly olderThan?: number | undefined;
  readonly newerThan?: number | undefined;
}

/** @throws UsageError if no job can have both ages. */
export function checkAges({ newerThan, olderThan }: Ages): void {
  if (olderThan !== undefined && newerThan !== undefined && olderThan >= newerThan)
    throw new UsageError(
      "--older-than must be shorter than --newer-than: no job is both older and newer than these times.",
    );
}

/** As the URLs of jobs have it: in lower case, in ASCII, and without a port that is the usual one. */
export function hostOf(text: string): string {
  const url = URL.parse(`https://${text}`);
  const isHost = url !== null && url.href === `https://${url.host}/`;
  if (!isHost) throw new InvalidArgumentError("It must be a host like example.org, or example.org:8443.");
  return url.port === "80" ? url.hostname : url.host;
}

/** What `submit` prints. */
export function batchId(text: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be the id of a batch, as submit prints it: letters and digits.");
}
