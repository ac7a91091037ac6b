/** A case is one behaviour of an origin, and what must become of the URL. */
import { createCipheriv, createHash } from "node:crypto";
import type { Answer } from "./answers/answer.ts";

/** Each run of the command has its own options. */
export type RunName = "usual" | "strict" | "patient";

interface Stored {
  readonly kind: "stored";
  readonly body: Uint8Array;
}

export interface Failed {
  readonly kind: "failed";
  readonly reason: string;
  readonly failureClass: "origin" | "policy";
  readonly attempts: number;
}

interface Details {
  readonly run: RunName;
  /** At an address of its own, so that what is learned of a host, or left on a connection, meets no other case. */
  readonly alone: boolean;
  /** Below `/<name>/`. */
  readonly path: string;
  /** How the list spells the URL. */
  readonly spelled: (url: string) => string;
  /** The digest that the list names. */
  readonly sha256: string | undefined;
  /** What else the line of the results must say. */
  readonly result: Readonly<Record<string, unknown>>;
  readonly mostGets: number;
  readonly leastGets: number;
}

export interface HostileCase extends Details {
  /** Letters, digits, dots and hyphens. */
  readonly name: string;
  readonly what: string;
  readonly answer: Answer;
  readonly expected: Stored | Failed;
}

export type Options = Partial<Details>;

const USUAL: Details = {
  run: "usual",
  alone: false,
  path: "file.bin",
  spelled: (url) => url,
  sha256: undefined,
  result: {},
  mostGets: Number.POSITIVE_INFINITY,
  leastGets: 0,
};

/** Of all runs. */
export const MOST_ATTEMPTS = 2;

/** No two cases have the same bytes, and no two offsets of a body have. */
export function bodyOf(name: string, bytes?: number): Buffer {
  if (bytes === undefined) return Buffer.from(`${name}: these bytes are right.\n`);
  const key = createHash("md5").update(name).digest();
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

interface Fetched extends Options {
  /** Of the body. Absent: a short text. */
  readonly bytes?: number;
  /** What must be stored, if it is not the body that the name gives. */
  readonly body?: Uint8Array;
}

/** The file must be stored, byte for byte. */
export function fetched(
  name: string,
  what: string,
  answer: (body: Buffer) => Answer,
  { bytes, body, ...options }: Fetched = {},
): HostileCase {
  const right = body === undefined ? bodyOf(name, bytes) : Buffer.from(body);
  return { ...USUAL, ...options, name, what, answer: answer(right), expected: { kind: "stored", body: right } };
}

/** The URL must fail at once. */
export const refused = (
  name: string,
  what: string,
  reason: string,
  answer: Answer,
  { failureClass = "origin", ...options }: Options & Pick<Partial<Failed>, "failureClass"> = {},
): HostileCase => ({
  ...USUAL,
  ...options,
  name,
  what,
  answer,
  expected: { kind: "failed", reason, failureClass, attempts: 1 },
});

/** The URL must be tried again, and then fail. */
export const retried = (
  name: string,
  what: string,
  reason: string,
  answer: Answer,
  options: Options = {},
): HostileCase => ({
  ...USUAL,
  leastGets: MOST_ATTEMPTS,
  ...options,
  name,
  what,
  answer,
  expected: {
    kind: "failed",
    reason: `retries_exhausted:${reason}`,
    failureClass: "origin",
    attempts: MOST_ATTEMPTS,
  },
});

export const policy = { failureClass: "policy" } as const;

export const alone = (cases: readonly HostileCase[]): readonly HostileCase[] =>
  cases.map((each) => ({ ...each, alone: true }));

export const inRun = (run: RunName, cases: readonly HostileCase[]): readonly HostileCase[] =>
  cases.map((each) => ({ ...each, run }));
