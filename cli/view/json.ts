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
      write("status", { total, done, failed, bytes, waiting: Object.fromEntries(waiting) });
    },
    close: (_summary, figures) => write("summary", figures),
  };
}
