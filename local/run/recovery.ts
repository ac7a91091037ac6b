import { localItems } from "../../adapters/local/items.ts";
import { queueDepth, releaseMessages } from "../../adapters/local/queue.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { releaseHolders } from "../../core/flow/dead-holders.ts";
import { HOST_PREFIX } from "../../core/flow/host-record.ts";
import { reconcile, type ReconcilerDeps } from "../../core/recovery/reconcile.ts";
import { releaseLeases } from "../../core/recovery/release-leases.ts";
import { reconcilerSettings } from "../settings.ts";
import { isHeldBy } from "../worker/messages.ts";
import type { Feeder } from "./feeder.ts";
import type { Settler } from "./settler.ts";
import type { Workspace } from "./workspace.ts";

const HOSTS = `SELECT substr(pk, ${HOST_PREFIX.length + 1}) AS host FROM items WHERE pk GLOB '${HOST_PREFIX}*'`;

/** Brings back what dead processes held. */
export class Recovery {
  readonly #workspace: Workspace;
  readonly #deps: ReconcilerDeps;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    const { clock, database, queue, staging, telemetry } = workspace;
    this.#deps = {
      clock,
      random: systemRandom,
      items: localItems(database),
      queue,
      staging,
      telemetry,
      settings: reconcilerSettings,
    };
  }

  /**
   * For the beginning of a run. The folder's lock proves that nobody else is alive, so the dead hold all that is held.
   * The reconciler watches no job until a worker begins with it: jobs that are not in the list are left alone.
   */
  async takeOver(): Promise<void> {
    const { content, database } = this.#workspace;
    content.removeDrafts();
    database.transaction(() => database.exec("DELETE FROM queue; DELETE FROM dead_letters"));
    await releaseLeases(this.#deps, { isDead: () => true, mayBeTheJobs: false });
    await this.#releaseHosts(() => true);
    database.run("UPDATE items SET watch_shard = NULL, watch_at = NULL WHERE watch_at IS NOT NULL");
  }

  /** @returns how many leases the dead worker process held. */
  async bury(holder: string): Promise<number> {
    const { clock, database } = this.#workspace;
    const isDead = (owner: string): boolean => isHeldBy(owner, holder);
    // First, because the times of requests that it has not sent pass.
    await this.#releaseHosts(isDead);
    const leases = await releaseLeases(this.#deps, { isDead, mayBeTheJobs: true });
    releaseMessages(database, holder, clock.nowMs());
    return leases;
  }

  /** The system has closed the connections of the dead, so others may open as many. */
  async #releaseHosts(isDead: (name: string) => boolean): Promise<void> {
    const hosts = this.#workspace.database.all(HOSTS);
    for (const { host } of hosts) await releaseHolders(this.#deps, String(host), isDead);
  }

  async reconcile(): Promise<void> {
    await reconcile(this.#deps);
  }

  /** Settles jobs that have ended although nobody told of it, and feeds those again that nobody would bring back. */
  async findLost(feeder: Feeder, settler: Settler): Promise<void> {
    const { database, ends, lines } = this.#workspace;
    const ended = [...feeder.open].filter((jobId) => ends.recorded(jobId));
    await settler.settle(ended.map((jobId) => ({ jobId })));
    if (queueDepth(database) > 0) return;
    for (const jobId of feeder.open) if (!lines.hasRecord(jobId)) feeder.feedAgain(jobId);
  }
}
