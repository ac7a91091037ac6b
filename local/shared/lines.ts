/** Splits a stream of text into lines. `end` delivers the last line, if it has no newline. */
export function lineSplitter(onLine: (line: string) => void): { push(text: string): void; end(): void } {
  let rest = "";
  return {
    push: (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    },
    end: () => {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}

export type JsonLine = Readonly<Record<string, unknown>>;

export interface LineSinks {
  readonly onTelemetry?: ((line: JsonLine, pid: number) => void) | undefined;
  /** Metrics in EMF (embedded metric format), as they are in the functions' log. */
  readonly onMetrics?: ((line: JsonLine, pid: number) => void) | undefined;
  readonly onLog?: ((line: JsonLine, pid: number) => void) | undefined;
}

/**
 * Passes a line of a function's log to the right sink: telemetry has an `event`, metrics (EMF) have `_aws`, logs have a
 * `level`. Text that is no JSON object counts as a log line.
 */
export function sortLine(text: string, pid: number, sinks: LineSinks): void {
  if (text.trim() === "") return;
  const line = parseObject(text);
  if (!line) sinks.onLog?.({ level: "info", message: text }, pid);
  else if (typeof line["event"] === "string") sinks.onTelemetry?.(line, pid);
  else if (line["_aws"] !== undefined) sinks.onMetrics?.(line, pid);
  else if (typeof line["level"] === "string") sinks.onLog?.(line, pid);
}

function parseObject(text: string): JsonLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
