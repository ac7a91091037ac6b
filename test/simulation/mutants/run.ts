/** `npm run mutants [-- TEXT]`: breaks the product in every way of the catalogue, and sees whether the simulator notices. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pMap from "p-map";
import { MUTANTS, type Mutant } from "./catalogue.ts";
import type { ProbeReport } from "./probe.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COPIED = ["package.json", "core", "adapters", "lambdas", "test/simulation"];
const SCHEDULES = 10_000;
/** A mutant that makes the simulation run for ever is noticed as well; ten thousand sound schedules take a tenth of it. */
const LONGEST_MS = 180_000;

interface Verdict {
  readonly mutant: Mutant;
  readonly isKilled: boolean;
  readonly how: string;
}

async function judge(mutant: Mutant): Promise<Verdict> {
  const tree = await mkdtemp(join(tmpdir(), "mutant-"));
  try {
    for (const path of COPIED) await cp(join(ROOT, path), join(tree, path), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(tree, "node_modules"));
    const source = await readFile(join(tree, mutant.file), "utf8");
    if (source.split(mutant.find).length !== 2) throw new Error(`The catalogue is out of date: ${mutant.what}`);
    await writeFile(
      join(tree, mutant.file),
      source.replace(mutant.find, () => mutant.put),
    );
    return { mutant, ...(await probe(tree)) };
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function probe(tree: string): Promise<Omit<Verdict, "mutant">> {
  return new Promise((resolve) => {
    const program = join(tree, "test/simulation/mutants/probe.ts");
    const limits = { timeout: LONGEST_MS, killSignal: "SIGKILL" as const, maxBuffer: 2 ** 26 };
    execFile(process.execPath, [program, String(SCHEDULES)], limits, (error, stdout, stderr) => {
      if (error?.killed) return resolve({ isKilled: true, how: "the simulation never ended" });
      if (error) return resolve({ isKilled: true, how: stderr.trim().split("\n").at(-1) ?? "it crashed" });
      const { schedules, violation } = JSON.parse(stdout) as ProbeReport;
      return resolve({
        isKilled: violation !== undefined,
        how: `${schedules} schedules, ${violation ?? "nothing noticed"}`,
      });
    });
  });
}

const wanted = process.argv[2];
const chosen = MUTANTS.filter(({ what, file }) => wanted === undefined || `${file} ${what}`.includes(wanted));
const verdicts = await pMap(
  chosen,
  async (mutant) => {
    const verdict = await judge(mutant);
    process.stdout.write(
      `${verdict.isKilled ? "killed  " : "SURVIVED"} ${mutant.file}: ${mutant.what} (${verdict.how})\n`,
    );
    return verdict;
  },
  { concurrency: availableParallelism() },
);
const survivors = verdicts.filter(({ isKilled }) => !isKilled);
process.stdout.write(
  `${verdicts.length} mutants, ${verdicts.length - survivors.length} killed, ${survivors.length} survived\n`,
);
process.exitCode = survivors.length === 0 ? 0 : 1;
