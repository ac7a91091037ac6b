import type { SloResult } from "../../dashboards/catalogue/report.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import type { JobTracker } from "./job-tracker.ts";
import type { Snapshot } from "./progress.ts";

/** Told of a run while it goes on. */
export interface RunWatch {
  /** Once, before the first job. Both answer for the moment they are asked. */
  began(jobs: JobTracker, slos: () => readonly SloResult[]): void;
  heard(event: JsonLine): void;
  /** A few times a second. */
  refreshed(snapshot: Snapshot): void;
}
