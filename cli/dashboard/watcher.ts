import fs from "node:fs";
import { resolve } from "node:path";
import { LocalDatabase } from "../../adapters/local/database.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import { MetricSums, sloReport } from "../../dashboards/catalogue/report.ts";
import { SLOS } from "../../dashboards/catalogue/slos.ts";
import { foldersOf, type Folders } from "../../local/folders.ts";
import { JobView } from "../../local/run/job-view.ts";
import type { LocalRun } from "../../local/run/local-run.ts";
import type { RunWatcher } from "../get/follow.ts";
import type { Tally } from "../get/tally.ts";
import type { Snapshot } from "../view/view.ts";
import { followEvents } from "./event-tail.ts";
import { LiveRun } from "./live-run.ts";
import { startDashboard, type Dashboard } from "./server.ts";

/** Serves a live page about a run. On a terminal it stays up after the run. */
export class DashboardWatcher implements RunWatcher {
  readonly #live: LiveRun;
  readonly #server: Dashboard;
  readonly #folders: Folders;
  /** A connection of its own: the page asks after the run has closed its. */
  #database: LocalDatabase | undefined;
  #unfollow: (() => Promise<void>) | undefined;

  static async start(port: number, outDir: string): Promise<DashboardWatcher> {
    const live = new LiveRun();
    return new DashboardWatcher(live, await startDashboard(port, live, outDir), foldersOf(resolve(outDir)));
  }

  private constructor(live: LiveRun, server: Dashboard, folders: Folders) {
    this.#live = live;
    this.#server = server;
    this.#folders = folders;
  }

  get url(): string {
    return this.#server.url;
  }

  began(run: LocalRun, tally: Tally): void {
    this.#database = new LocalDatabase(this.#folders.database, { checkpoints: false });
    const view = new JobView(this.#database, () => run.lines.list);
    const metrics = new MetricSums();
    const jobs = {
      get total() {
        return tally.jobs;
      },
      states: () => new Map([...view.openStates(), ...tally.allStates]),
      notBegun: (limit: number) => view.notBegun(limit),
      inState: (state: string, limit: number) => view.inState(state, limit),
      urlOf: (jobId: string) => view.urlOf(jobId),
    };
    this.#live.began(jobs, () => sloReport(metrics.sums, SLOS));
    const from = fs.statSync(this.#folders.events, { throwIfNoEntry: false })?.size ?? 0;
    this.#unfollow = followEvents(this.#folders.events, from, (event) => {
      metrics.add(event as unknown as TelemetryEvent);
      this.#live.heard(event);
    });
  }

  refreshed(snapshot: Snapshot): void {
    this.#live.refreshed(snapshot);
  }

  async ended(): Promise<void> {
    await this.#unfollow?.();
    this.#live.ended();
  }

  async stop(): Promise<void> {
    await this.#unfollow?.();
    await this.#server.stop();
    this.#database?.close();
  }
}
