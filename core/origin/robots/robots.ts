/** Obeys robots.txt (RFC 9309). What each host says is kept in the memory of one process. */
import { PermanentError, RetryableError } from "../../model/errors.ts";
import type { Clock } from "../../ports/runtime.ts";
import { fetchRobots, type FoundRobots, type RobotsDeps } from "./fetch-robots.ts";
import { ALLOWS_ALL, type RobotsFile } from "./robots-file.ts";
import { SharedWork } from "./shared-work.ts";

export const ROBOTS_PATH = "/robots.txt";
/** After a fetch that failed; doubles with each further one in a row. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const MOST_HOSTS = 1_000;
/** Of all files together. Parsed, they take about ten times as much memory. */
const MOST_CHARACTERS = 2 * 1024 * 1024;

interface Host {
  file: RobotsFile;
  /** Until when the file is believed. */
  fileUntilMs: number;
  /** Until when the file is not asked for again, because it could not be had. */
  pauseUntilMs: number;
  failuresInARow: number;
  fetch: SharedWork | undefined;
}

export class RobotsMemory {
  /** By scheme, host and port. */
  readonly #hosts = new Map<string, Host>();

  /**
   * Reads the host's file, unless it is known.
   * @returns how long one request must come after another; 0 if the file does not say, undefined for the file itself.
   * @throws PermanentError (policy) when the host's file disallows the URL; RetryableError when the file cannot be had;
   * the signal's reason when it is aborted.
   */
  async admit(deps: RobotsDeps, url: URL, signal: AbortSignal): Promise<number | undefined> {
    if (url.pathname === ROBOTS_PATH) return undefined;
    const { clock } = deps;
    const host = this.#hosts.get(url.origin) ?? this.#add(url.origin);
    if (host.fileUntilMs <= clock.nowMs()) await this.#fetch(deps, host, url.origin + ROBOTS_PATH, signal);
    if (!host.file.allows(url)) throw new PermanentError("robots_disallow", "policy");
    return host.file.crawlDelayMs;
  }

  /** One fetch at a time. Those who come meanwhile wait for it. */
  async #fetch(deps: RobotsDeps, host: Host, url: string, signal: AbortSignal): Promise<void> {
    const { clock } = deps;
    refuseInPause(host, clock);
    if (host.fetch === undefined || host.fetch.isOver)
      host.fetch = new SharedWork(async (stop) => {
        const found = await fetchRobots(deps, url, stop);
        if (stop.aborted) return;
        note(host, found, clock.nowMs());
        this.#makeRoom();
      });
    await host.fetch.wait(signal);
    refuseInPause(host, clock);
  }

  #add(origin: string): Host {
    const host: Host = {
      file: ALLOWS_ALL,
      fileUntilMs: 0,
      pauseUntilMs: 0,
      failuresInARow: 0,
      fetch: undefined,
    };
    this.#hosts.set(origin, host);
    this.#makeRoom();
    return host;
  }

  /** Forgets the hosts that were met first. */
  #makeRoom(): void {
    let characters = 0;
    for (const { file } of this.#hosts.values()) characters += file.length;
    for (const [origin, { file }] of this.#hosts) {
      const { size } = this.#hosts;
      if (size === 1 || (size <= MOST_HOSTS && characters <= MOST_CHARACTERS)) return;
      characters -= file.length;
      this.#hosts.delete(origin);
    }
  }
}

function note(host: Host, found: FoundRobots, nowMs: number): void {
  if (found.file === undefined) {
    const pauseMs = found.askedMs ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** host.failuresInARow);
    host.failuresInARow += 1;
    host.pauseUntilMs = nowMs + pauseMs;
    return;
  }
  host.failuresInARow = 0;
  host.file = found.file;
  host.fileUntilMs = nowMs + found.keptMs;
}

function refuseInPause({ pauseUntilMs }: Host, clock: Pick<Clock, "nowMs">): void {
  const retryAfterMs = pauseUntilMs - clock.nowMs();
  if (retryAfterMs > 0) throw new RetryableError("robots_unavailable", { retryAfterMs });
}
