import type { z } from "zod";
import type { telemetryEvent } from "./event-schemas.ts";

type WithoutTimestamp<Event> = Event extends unknown ? Readonly<Omit<Event, "timestamp">> : never;

/** The eleven telemetry events, in wire names. `timestamp` (ISO 8601, UTC) is added when the event is written. */
export type TelemetryEvent = WithoutTimestamp<z.infer<typeof telemetryEvent>>;
