import type { Items } from "../ports/items.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import { decodeHost, hostItemKey, writeHost } from "./host-record.ts";

interface ReleaserDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Pick<Random, "uniqueId">;
  readonly items: Items;
}

/** Others write the same item. What is not given back is free when its time is over. */
const MOST_ATTEMPTS = 20;

/**
 * Gives back the connections that dead processes held, before their time is over, and the times of the requests that
 * they have not sent. To be called only when the system has closed them: once the processes are known to have ended.
 * @param isDead by the name of a process.
 */
export async function releaseHolders(
  { clock, items, random }: ReleaserDeps,
  host: string,
  isDead: (name: string) => boolean,
): Promise<void> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const seen = decodeHost(await items.read(hostItemKey(host)));
    const names = Object.keys(seen.holders);
    const living = names.filter((name) => !isDead(name));
    if (living.length === names.length) return;
    const holders = Object.fromEntries(Object.entries(seen.holders).filter(([name]) => living.includes(name)));
    const nowMs = clock.nowMs();
    // Whoever is dead has sent nothing that is due later.
    const turns = names.flatMap((name) => (living.includes(name) ? [] : (seen.holders[name]?.turnsMs ?? [])));
    const freeTurnsMs = [...seen.freeTurnsMs, ...turns].filter((ms) => ms > nowMs).sort((a, b) => a - b);
    const { applied } = await items.write(
      writeHost(host, seen, { ...seen, holders, freeTurnsMs }, random.uniqueId(), nowMs),
    );
    if (applied) return;
  }
}
