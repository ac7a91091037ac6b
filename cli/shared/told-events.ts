import type { Clock } from "../../core/ports/runtime.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";
import type { Lines } from "./lines.ts";

/** The events of what a command does, one on each line. */
export const toldEvents = (tell: Lines["tell"], clock: Pick<Clock, "nowMs">): Telemetry => ({
  emit: ({ event, ...fields }) => {
    tell(JSON.stringify({ event, timestamp: new Date(clock.nowMs()).toISOString(), ...fields }));
  },
  log: () => undefined,
  flush: () => undefined,
  invocationStarted: () => undefined,
});
