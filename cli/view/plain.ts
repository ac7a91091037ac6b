import { isStored } from "../../local/run/outcome.ts";
import type { Output, View } from "./view.ts";
import { endLine, statusLine } from "./lines.ts";
import { standstill, waitingText } from "./waits.ts";

/** Up to this many jobs, the end of each job is printed on its own line. */
const MOST_JOBS_TOLD_SINGLY = 50;
const LINE_EVERY_MS = 2_000;

/** Lines for a log or a pipe. */
export function plainView(output: Output, jobs: number): View {
  const say = (line: string): void => void output.write(`${line}\n`);
  const status = statusLine();
  const still = standstill();
  let total = jobs;
  let lastLineMs: number | undefined;
  const tellsSingly = (): boolean => total <= MOST_JOBS_TOLD_SINGLY;
  return {
    say,
    ended: (result) => {
      if (tellsSingly() || !isStored(result)) say(endLine(result));
    },
    refresh: (snapshot) => {
      total = snapshot.total;
      const line = [status(snapshot), waitingText(snapshot.waiting)].filter(Boolean).join("; ");
      lastLineMs ??= snapshot.atMs;
      const { isStill, news } = still(snapshot);
      if (news !== undefined) say(news);
      if (isStill || tellsSingly() || snapshot.atMs - lastLineMs < LINE_EVERY_MS) return;
      lastLineMs = snapshot.atMs;
      say(line);
    },
    close: (summary) => summary.forEach(say),
  };
}

/** Problems and the summary only. */
export function quietView(output: Output): View {
  const say = (line: string): void => void output.write(`${line}\n`);
  return {
    say: () => undefined,
    ended: (result) => {
      if (!isStored(result)) say(endLine(result));
    },
    refresh: () => undefined,
    close: (summary) => summary.forEach(say),
  };
}
