import type { Writable } from "node:stream";
import { MultiBar, type SingleBar } from "cli-progress";
import type { FileUnderWay } from "./activity.ts";
import { describeReason, fileLabel, formatBytes } from "../../local/shared/words.ts";
import type { JobResult } from "./results.ts";

export interface Snapshot {
  readonly atMs: number;
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
  readonly underWay: readonly FileUnderWay[];
}

export interface ProgressView {
  /** Prints a line that stays. */
  say(line: string): void;
  ended(result: JobResult, done: number): void;
  refresh(snapshot: Snapshot): void;
  /** Removes the progress bars, if there are any. */
  close(): void;
}

export type Output = Writable & { readonly isTTY?: boolean };

/** Up to this many jobs, the end of each job is printed on its own line. */
const MOST_JOBS_TOLD_SINGLY = 50;
const LINE_EVERY_MS = 2000;
const RATE_WINDOW_MS = 5000;
const MOST_FILES_SHOWN = 6;

export const createView = (output: Output, total: number): ProgressView =>
  output.isTTY ? terminalView(output, total) : plainView(output, total);

function plainView(output: Output, total: number): ProgressView {
  const say = (line: string): void => void output.write(`${line}\n`);
  const tellsSingly = total <= MOST_JOBS_TOLD_SINGLY;
  const rate = rateMeter();
  let lastLineMs: number | undefined;
  return {
    say,
    ended: (result, done) => {
      if (tellsSingly || result.state === "FAILED") say(`[${done}/${total}] ${endLine(result)}`);
    },
    refresh: ({ atMs, done, failed, bytes }) => {
      const perSecond = rate(atMs, bytes);
      lastLineMs ??= atMs;
      if (tellsSingly || atMs - lastLineMs < LINE_EVERY_MS) return;
      lastLineMs = atMs;
      say(`${done} of ${total} done, ${failed} failed, ${formatBytes(bytes)}, ${formatBytes(perSecond)}/s`);
    },
    close: () => undefined,
  };
}

function terminalView(output: Output, total: number): ProgressView {
  const bars = new MultiBar({
    stream: output,
    clearOnComplete: true,
    forceRedraw: true,
    gracefulExit: false,
    // null leaves the terminal's settings unchanged, so that nothing needs to be restored, not even after a crash.
    hideCursor: null,
    linewrap: null,
    barsize: 24,
  });
  const rate = rateMeter();
  const overall = bars.create(
    total,
    0,
    { size: formatBytes(0), rate: formatBytes(0), failed: 0 },
    { format: "[{bar}] {value}/{total} done, {failed} failed  {size}  {rate}/s" },
  );
  const files: SingleBar[] = [];
  const addFileLine = (): SingleBar => {
    const line = bars.create(1, 0, { text: "" }, { format: "  {text}" });
    files.push(line);
    return line;
  };
  return {
    say: (line) => bars.log(`${line}\n`),
    ended: (result) => {
      if (result.state === "FAILED") bars.log(`${endLine(result)}\n`);
    },
    refresh: ({ atMs, done, failed, bytes, underWay }) => {
      overall.update(done, { size: formatBytes(bytes), rate: formatBytes(rate(atMs, bytes)), failed });
      const shown = underWay.slice(0, MOST_FILES_SHOWN);
      while (files.length < shown.length) addFileLine();
      for (const [index, line] of files.entries()) line.update({ text: fileLine(shown[index]) });
    },
    close: () => {
      bars.update();
      bars.stop();
    },
  };
}

const fileLine = (file: FileUnderWay | undefined): string =>
  file ? `${formatBytes(file.bytes).padStart(10)}  ${file.label}` : "";

function endLine({ state, work_id, artifact_id, url, bytes, reason }: JobResult): string {
  const job = `${fileLabel(url)} (${work_id} / ${artifact_id})`;
  if (state === "FAILED") return `FAILED ${job}: ${describeReason(reason ?? "no reason known")}. ${url}`;
  return `${state} ${job}${bytes === null ? "" : `, ${formatBytes(bytes)}`}`;
}

/** Bytes per second over the last 5 s. */
function rateMeter(): (atMs: number, bytes: number) => number {
  const samples: { atMs: number; bytes: number }[] = [];
  return (atMs, bytes) => {
    samples.push({ atMs, bytes });
    while (samples.length > 2 && (samples[1]?.atMs ?? atMs) <= atMs - RATE_WINDOW_MS) samples.shift();
    const oldest = samples[0] ?? { atMs, bytes };
    return atMs > oldest.atMs ? Math.round(((bytes - oldest.bytes) / (atMs - oldest.atMs)) * 1000) : 0;
  };
}
