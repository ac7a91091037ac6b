import { SingleBar } from "cli-progress";
import { formatDuration } from "../shared/words.ts";
import { rateMeter } from "../view/lines.ts";
import type { Output } from "../view/view.ts";

const LINE_EVERY_MS = 2_000;

export interface Status {
  /** On any clock that does not jump. */
  readonly atMs: number;
  readonly done: number;
  /** Undefined while the list is checked: its length is not known yet. */
  readonly total: number | undefined;
}

/** Shows how far a list is. */
export interface SubmitView {
  /** A line that stays. */
  say(line: string): void;
  /** Called a few times a second. */
  refresh(status: Status): void;
  /** Nothing moves any more. */
  close(): void;
}

/** `Checking: 5000 lines`, then `5000 of 20000 sent, 9800 jobs/s, 1.5 s left`. */
function statusText(): (status: Status) => string {
  const rate = rateMeter();
  return ({ atMs, done, total }) => {
    if (total === undefined) return `Checking: ${done} lines`;
    const perSecond = rate(atMs, done);
    const left = perSecond > 0 ? `, ${formatDuration(((total - done) / perSecond) * 1000)} left` : "";
    return `${done} of ${total} sent, ${Math.round(perSecond)} jobs/s${left}`;
  };
}

/** Lines for a log or a pipe. */
export function plainView(output: Output): SubmitView {
  const text = statusText();
  let lastLineMs: number | undefined;
  return {
    say: (line) => void output.write(`${line}\n`),
    refresh: (status) => {
      const line = text(status);
      lastLineMs ??= status.atMs;
      if (status.atMs - lastLineMs < LINE_EVERY_MS) return;
      lastLineMs = status.atMs;
      output.write(`${line}\n`);
    },
    close: () => undefined,
  };
}

/** A bar that moves. */
export function terminalView(output: Output): SubmitView {
  const text = statusText();
  const bar = new SingleBar({
    stream: output,
    format: "[{bar}] {text}",
    barsize: 24,
    clearOnComplete: true,
    gracefulExit: false,
    // The terminal's settings stay, so that nothing needs to be restored, not even after a crash.
    hideCursor: false,
    linewrap: true,
  });
  let isStarted = false;
  const stop = (): void => {
    if (isStarted) bar.stop();
    isStarted = false;
  };
  return {
    say: (line) => {
      stop();
      output.write(`${line}\n`);
    },
    refresh: (status) => {
      const { done, total = 0 } = status;
      if (!isStarted) bar.start(total, 0, { text: "" });
      isStarted = true;
      bar.setTotal(total);
      bar.update(total === 0 ? 0 : done, { text: text(status) });
    },
    close: stop,
  };
}

/** For programs, which read one document at the end. */
export const silentView: SubmitView = {
  say: () => undefined,
  refresh: () => undefined,
  close: () => undefined,
};
