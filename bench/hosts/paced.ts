/** A host with limits, asked by many worker processes of which one is killed each second. */
import { rounded, type Figure, type Measurement } from "../harness/measurement.ts";
import { requireProc } from "../harness/process-figures.ts";
import { scoped } from "../harness/scope.ts";
import type { Seen } from "./counting-origin.ts";
import { startCountingOrigins } from "./counting-origins.ts";
import { startGet } from "./get.ts";
import { childrenOf, connectedTo } from "./victims.ts";

/** Of 64 processes, two cores start one after the other for half a minute. */
const WORKERS = 16;
const SLOTS = 64;
const CONNECTIONS = 4;
const PER_SECOND = 5;
const LEAST_PACE = 0.9;
const FILES = 300;
/** At the beginning processes still start, and at the end no job waits any more. */
const UNCOUNTED = 20;
const DELAY_MS = 100;
const KILL_EVERY_MS = 1000;

const KILLS = {
  none: "no process is killed",
  any: "any process is killed each second",
  connected: "one that is connected to the host is killed each second",
} as const;
type Kills = keyof typeof KILLS;

interface Run {
  readonly seen: Seen;
  readonly kills: number;
}

async function run(scope: AsyncDisposableStack, which: Kills): Promise<Run> {
  const origins = scope.use(await startCountingOrigins([{ delayMs: DELAY_MS, restS: 0 }]));
  const [home = ""] = origins.urls;
  const urls = Array.from({ length: FILES }, (_, n) => `${home}/file-${n}`);
  const limit = `127.0.0.1=${CONNECTIONS},${PER_SECOND}/s`;
  const options = ["--host-limit", limit, "--workers", WORKERS, "--jobs", SLOTS, "--attempts", 50].map(String);
  let stored = 0;
  const { ended, pid } = await startGet(scope, urls, options, () => (stored += 1));
  let kills = 0;
  const killOne = (): void => {
    const workers = childrenOf(pid);
    const victims = which === "any" ? workers : connectedTo(Number(new URL(home).port), workers);
    const victim = victims[Math.floor(Math.random() * victims.length)];
    if (victim === undefined || stored < UNCOUNTED || stored > FILES - UNCOUNTED) return;
    process.kill(victim, "SIGKILL");
    kills += 1;
  };
  const killing = which === "none" ? undefined : setInterval(killOne, KILL_EVERY_MS);
  await ended.finally(() => clearInterval(killing));
  const [seen] = await origins.seen();
  if (!seen) throw new Error("The origin has seen nothing.");
  return { seen, kills };
}

/** The most that arrived within any second. */
function mostInASecond(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] ?? 0) - (times[first] ?? 0) >= 1000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** The shortest time within which more arrived than a second allows. */
const shortestMs = (times: readonly number[]): number =>
  Math.min(...times.slice(PER_SECOND).map((time, nth) => time - (times[nth] ?? 0)));

/** Of the allowed pace. */
function paceUsed(times: readonly number[]): number {
  const counted = times.slice(UNCOUNTED, -UNCOUNTED);
  const seconds = ((counted.at(-1) ?? 0) - (counted[0] ?? 0)) / 1000;
  return (counted.length - 1) / seconds / PER_SECOND;
}

export const hostPace: Measurement = {
  about: `a host of ${CONNECTIONS} connections and ${PER_SECOND} requests a second, asked by ${WORKERS} processes`,
  async measure(say): Promise<{ figures: readonly Figure[]; remarks: readonly string[] }> {
    requireProc();
    const figures: Figure[] = [];
    for (const which of Object.keys(KILLS) as readonly Kills[]) {
      const { kills, seen } = await scoped(async (scope) => run(scope, which));
      const { arrivedMs, mostConnections, mostRequests } = seen;
      const [most, pace] = [mostInASecond(arrivedMs), paceUsed(arrivedMs)];
      const what = KILLS[which];
      say(`${what}: ${kills} kills, ${arrivedMs.length} requests, ${pace.toFixed(3)} of the pace, ${most} in a second`);
      figures.push(
        { what: `${what}: kills`, value: kills, unit: "" },
        {
          what: `${what}: of the pace, not used`,
          value: rounded(1 - pace, 3),
          unit: "",
          atMost: rounded(1 - LEAST_PACE),
        },
        { what: `${what}: connections at a time`, value: mostConnections, unit: "", atMost: CONNECTIONS },
        { what: `${what}: requests at a time`, value: mostRequests, unit: "", atMost: CONNECTIONS },
        { what: `${what}: requests in any second`, value: most, unit: "", atMost: PER_SECOND },
        { what: `${what}: shortest time of ${PER_SECOND + 1}`, value: rounded(shortestMs(arrivedMs), 0), unit: "ms" },
      );
    }
    return {
      figures,
      remarks: [
        `${WORKERS} processes with ${SLOTS} downloads at a time fetch ${FILES} files of 4 KiB, each of which is answered after ${DELAY_MS} ms. --host-limit 127.0.0.1=${CONNECTIONS},${PER_SECOND}/s. All files were stored.`,
        `Counted by the origin, a process of its own: connections as long as they are open, requests when they arrive. The pace is that between the first and the last ${UNCOUNTED} requests.`,
        `Requests are ${rounded(1061 / PER_SECOND, 0)} ms apart, since each may be 20 ms late, and 40 ms longer on its way than the one a second later: 0.94 of the pace is the most. The origin runs at the highest priority, so that it counts what arrives when it arrives.`,
      ],
    };
  },
};
