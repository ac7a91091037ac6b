import type { Change } from "../../changed-tree.ts";

/** A way to break the product. The simulator must notice it. */
export interface Mutant extends Change {
  /** The mutant's name: what is broken. */
  readonly what: string;
}

export const inFile = (
  file: string,
  mutants: readonly (readonly [what: string, find: string, put: string])[],
): Mutant[] => mutants.map(([what, find, put]) => ({ what, file, find, put }));
