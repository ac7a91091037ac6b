import type { LossReport } from "./loss.ts";
import { inChangedTree, runIn, type Change } from "./tree.ts";

/**
 * The product as most home-made leases are: who holds the lease writes, and nobody looks whether he still holds it. The
 * simulator's own look at the fence is taken out as well: what is left to see is what users would lose.
 */
export const WITHOUT_FENCES: readonly Change[] = [
  {
    file: "core/model/protocol.ts",
    find: `  { attribute: "fence", is: "=", than: lease.fence },
  { attribute: "lease_owner", is: "=", than: lease.owner },`,
    put: "",
  },
  {
    file: "test/simulation/oracle/invariants.ts",
    find: "} else if (this.#given.get(holder) !== fenceBefore) {",
    put: "} else if (this.#given.get(holder) === undefined) {",
  },
  {
    file: "test/simulation/oracle/invariants.ts",
    find: "if (isHeld !== isUnderLease)",
    put: "if (isHeld && !isWatched)",
  },
];

const LONGEST_MS = 600_000;

export async function showLoss(schedules: number, changes = WITHOUT_FENCES): Promise<LossReport> {
  return inChangedTree(changes, async (tree) => {
    const { error, stderr, stdout } = await runIn(tree, "loss.ts", [String(schedules)], LONGEST_MS);
    if (error) throw new Error(`The search for losses broke down: ${stderr}`, { cause: error });
    return JSON.parse(stdout) as LossReport;
  });
}
