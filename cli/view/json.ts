import type { Waiting } from "../../local/run/waiting.ts";
import { describeReason } from "../shared/words.ts";
import type { Output, View } from "./view.ts";

const STATUS_EVERY_MS = 2_000;

/** JSON lines for programs. Each has a `type`: `message`, `result`, `status` or `summary`. */
export function jsonView(output: Output): View {
  const write = (type: string, fields: object): void => void output.write(`${JSON.stringify({ type, ...fields })}\n`);
  let lastStatusMs: number | undefined;
  return {
    say: (message) => write("message", { message }),
    ended: (result) => write("result", result),
    refresh: ({ atMs, total, done, failed, bytes, waiting }) => {
      lastStatusMs ??= atMs;
      if (atMs - lastStatusMs < STATUS_EVERY_MS) return;
      lastStatusMs = atMs;
      write("status", { total, done, failed, bytes, ...waitingFields(waiting) });
    },
    close: (_summary, figures) => write("summary", figures),
  };
}

/** `in_ms`: until the first of them goes on. Jobs, reason and words are null where they are not known. */
const waitingFields = ({ jobs, by }: Waiting): object => ({
  waiting: jobs,
  waits: by.map((waits) => ({
    host: waits.host,
    reason: waits.reason ?? null,
    words: waits.reason === undefined ? null : describeReason(waits.reason),
    jobs: waits.jobs ?? null,
    in_ms: Math.round(waits.inMs),
  })),
});
