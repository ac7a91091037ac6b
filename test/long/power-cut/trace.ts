/** Reads what strace wrote: system calls, each with when it began and when it had ended. */

export interface SystemCall {
  readonly name: string;
  /** Numbers of lines of the trace. What ended before another call began, happened before it. */
  readonly beganAt: number;
  readonly endedAt: number;
  /** Paths and data, in the order of the arguments. Data may be cut. */
  readonly texts: readonly CallText[];
  /** Path of the open file that is the first argument. */
  readonly file: string | undefined;
  /** The arguments that follow the last text: `size, offset` of pwrite64. */
  readonly rest: string;
  readonly isOk: boolean;
}

interface CallText {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/** Texts of system calls are traced up to this length: a page of SQLite is shorter. */
const TRACED_BYTES = 4200;

const CALLS = [
  "open openat mkdir mkdirat link linkat rename renameat renameat2 unlink unlinkat rmdir",
  "write writev pwrite64 pwritev ftruncate fsync fdatasync copy_file_range access faccessat faccessat2",
]
  .join(" ")
  .split(" ");

/** The command under which a program is run so that its calls are written to a file. */
export function tracing(file: string): readonly string[] {
  // A question mark: not every processor has all of them.
  const calls = CALLS.map((call) => `?${call}`).join(",");
  return ["strace", "-f", "-y", "-qq", "-s", String(TRACED_BYTES), "-o", file, "-e", `trace=${calls}`];
}

const STRING = /"((?:[^"\\]|\\.)*)"(\.\.\.)?/g;
const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, '"': 34, "\\": 92 };

function unescaped(text: string): Buffer {
  const bytes: number[] = [];
  for (const [, octal, letter, plain] of text.matchAll(/\\([0-7]{1,3})|\\(.)|([^\\]+)/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (letter !== undefined) bytes.push(ESCAPES[letter] ?? letter.charCodeAt(0));
    else bytes.push(...Buffer.from(plain ?? "", "latin1"));
  }
  return Buffer.from(bytes);
}

interface Unfinished {
  readonly text: string;
  readonly beganAt: number;
}

/** @param trace the whole text that strace wrote. */
export function systemCalls(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, Unfinished>();
  for (const [at, line] of trace.split("\n").entries()) {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    const begun = / <unfinished \.\.\.>$/.exec(text);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text);
    if (begun) {
      unfinished.set(thread, { text: text.slice(0, begun.index), beganAt: at });
      continue;
    }
    const before = resumed ? unfinished.get(thread) : undefined;
    const call = callOf((before?.text ?? "") + (resumed?.[1] ?? text), before?.beganAt ?? at, at);
    if (call) calls.push(call);
  }
  return calls;
}

function callOf(text: string, beganAt: number, endedAt: number): SystemCall | undefined {
  const [, name, all = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+|\?).*$/s.exec(text) ?? [];
  if (name === undefined) return undefined;
  const found = [...all.matchAll(STRING)];
  const last = found.at(-1);
  return {
    name,
    beganAt,
    endedAt,
    texts: found.map(([, quoted = "", cut]) => ({ bytes: unescaped(quoted), isCut: cut !== undefined })),
    file: /^\d+<([^>]*)>/.exec(all)?.[1],
    rest: last ? all.slice(last.index + last[0].length) : all,
    isOk: Number(result) >= 0,
  };
}
