import type { HostWait } from "../model/errors.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** Beyond this number of hosts, further ones are not counted. An invocation meets a few. */
const MOST_HOSTS = 1_000;

/**
 * The fields of a log line that Contributor Insights adds up by host (`dashboards/catalogue/contributors.ts`). A field
 * that would be 0 is absent, so that the line counts for no rule in vain: each match is billed.
 */
export interface HostCounts {
  /** Jobs that were sent away, to come back later. */
  waiting?: number;
  /** Answers that asked for less or for a rest, and jobs that were sent away because of one. */
  slowed?: number;
  /** Requests that failed by the host's fault, and jobs that were sent away because it is down. */
  failing?: number;
}

/**
 * What hosts did to the jobs of an invocation. It becomes one line for each host that did anything, because a line for
 * each job that waits would cost more than the rest of its waiting.
 */
export class HostTally {
  readonly #hosts = new Map<string, HostCounts>();

  sentAway(host: string, why: HostWait, isSlowed: boolean): void {
    this.#add(host, "waiting");
    if (why === "host_down") this.#add(host, "failing");
    else if (isSlowed || why === "host_resting") this.#add(host, "slowed");
  }

  slowed(host: string): void {
    this.#add(host, "slowed");
  }

  failed(host: string): void {
    this.#add(host, "failing");
  }

  /** Writes the lines, and begins anew. */
  tell(telemetry: Pick<Telemetry, "log">): void {
    for (const [host, counts] of this.#hosts)
      telemetry.log("info", "A host had jobs wait, asked for less, or failed.", { host, ...counts });
    this.#hosts.clear();
  }

  #add(host: string, what: keyof HostCounts): void {
    let counts = this.#hosts.get(host);
    if (!counts) {
      if (this.#hosts.size >= MOST_HOSTS) return;
      counts = {};
      this.#hosts.set(host, counts);
    }
    counts[what] = (counts[what] ?? 0) + 1;
  }
}
