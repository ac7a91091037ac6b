import type { Incident } from "./incident.ts";
import { completion } from "./completion.ts";
import { health } from "./health.ts";
import { latency } from "./latency.ts";
import { parts } from "./parts.ts";
import { queue } from "./queue.ts";
import { table } from "./table.ts";
import { worker } from "./worker.ts";

/** By kind. */
export const INCIDENTS: Readonly<Record<string, readonly Incident[]>> = {
  completion,
  table,
  queue,
  worker,
  parts,
  latency,
  health,
};
