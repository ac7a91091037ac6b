import type { LossReport } from "./loss.ts";
import { inChangedTree, type Change } from "../../changed-tree.ts";
import { runIn, SIMULATED } from "./tree.ts";

/**
 * The product with the kind of lease that is often home-made: the holder writes without a check that it still holds the
 * lease. The simulator's own checks of the fence are removed too, so that it reports only what users would lose.
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
    put: "if (isHeld && isTerminal(to))",
  },
];

const LONGEST_MS = 600_000;

export async function showLoss(schedules: number, changes = WITHOUT_FENCES): Promise<LossReport> {
  return inChangedTree(SIMULATED, changes, async (tree) => {
    const { error, stderr, stdout } = await runIn(tree, "loss.ts", [String(schedules)], LONGEST_MS);
    if (error) throw new Error(`The search for losses failed: ${stderr}`, { cause: error });
    return JSON.parse(stdout) as LossReport;
  });
}
