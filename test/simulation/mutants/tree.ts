import { execFile } from "node:child_process";
import { join } from "node:path";

/** The parts of the project that the simulator needs. */
export const SIMULATED = [
  "package.json",
  "core",
  "adapters",
  "lambdas",
  "test/simulation",
  "test/invocation.ts",
  "test/changed-tree.ts",
];

interface Ended {
  readonly error: (Error & { readonly killed?: boolean }) | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of this folder in the tree. It is killed after `longestMs`. */
export async function runIn(tree: string, program: string, args: readonly string[], longestMs: number): Promise<Ended> {
  const limits = { timeout: longestMs, killSignal: "SIGKILL" as const, maxBuffer: 2 ** 26 };
  const path = join(tree, "test/simulation/mutants", program);
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], limits, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });
}
