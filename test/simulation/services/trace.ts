import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import type { Telemetry } from "../../../core/ports/telemetry.ts";

/** FNV-1a, 32 bits, over the text's UTF-16 code units. */
function hashed(before: number, text: string): number {
  let hash = before;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** One line for everything that happens. The lines are hashed, and passed to `show` if there is one. */
export class Trace {
  /** Telemetry may get lost; nothing may depend on it. */
  isTelemetryLost = false;
  #hash = 0x811c9dc5;
  readonly #elapsedMs: () => number;
  readonly #show: ((line: string) => void) | undefined;
  readonly #onTelemetry: (event: TelemetryEvent) => void;

  constructor(
    elapsedMs: () => number,
    show: ((line: string) => void) | undefined,
    onTelemetry: (event: TelemetryEvent) => void,
  ) {
    this.#elapsedMs = elapsedMs;
    this.#show = show;
    this.#onTelemetry = onTelemetry;
  }

  line(text: string): void {
    const atMs = this.#elapsedMs();
    this.#hash = hashed(hashed(this.#hash, String(atMs)), text);
    this.#show?.(`${atMs} ${text}`);
  }

  /** Shown to whoever replays a schedule, and not hashed. */
  show(text: string): void {
    this.#show?.(`${this.#elapsedMs()} ${text}`);
  }

  telemetryOf(process: string): Telemetry {
    return {
      emit: (event) => {
        this.#onTelemetry(event);
        if (!this.isTelemetryLost) this.line(`${process} tells ${event.event}`);
      },
      // Log lines are for people: rewording one does not change the trace.
      log: (level, message, { reason }) => this.show(`${process} logs ${level}: ${message} (${reason ?? "no reason"})`),
      flush: () => undefined,
      invocationStarted: () => undefined,
    };
  }

  /** A hash of all lines and of the outcome. Equal runs have equal hashes. */
  hashWith(outcome: string): number {
    return hashed(this.#hash, outcome);
  }
}
