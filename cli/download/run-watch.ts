import type { SloResult } from "../../dashboards/catalogue/report.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import type { JobTracker } from "./job-tracker.ts";
import type { Snapshot } from "./progress.ts";

/** Observes a run while it is in progress. */
export interface RunWatch {
  /** Called once, before the first job. `jobs` and `slos` give the current state whenever they are asked. */
  began(jobs: JobTracker, slos: () => readonly SloResult[]): void;
  heard(event: JsonLine): void;
  /** Called a few times a second. */
  refreshed(snapshot: Snapshot): void;
}
