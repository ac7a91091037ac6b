import type { Figure, Measurement } from "../harness/measurement.ts";
import { interruption } from "../harness/interruption.ts";
import { requireProc } from "../harness/process-figures.ts";
import { large } from "./large.ts";
import { many } from "./many.ts";
import { parsePeersOptions, WHOLE, type Part, type PeersOptions } from "./options.ts";
import { small } from "./small.ts";
import { start } from "./start.ts";
import { Testbed } from "./testbed.ts";
import { buildFetchonce, fetchonce, findPeers, type Tool } from "./tools.ts";

type MeasurePart = (testbed: Testbed, peers: readonly Tool[], options: PeersOptions) => Promise<readonly Figure[]>;

const MEASURE: Readonly<Record<Part, MeasurePart>> = { start, small, large, many };

/** What the figures should be. Timings have no bounds, so that a busy machine fails nothing. */
const GOALS: Readonly<Record<Part, string>> = {
  start: "Goal of start: at most 0.5 s to the first answer.",
  small: "Goals of small: at least 1 x the files/s of aria2c and of Scrapy; at most 3 CPU-ms a file.",
  large: "Goals of large: at most 1.5 x the time and the CPU time.",
  many: "Goals of many: at most 1.2 x the CPU time of a job; a rerun in at most 10 s.",
};

const measurementOf = (options: PeersOptions): Omit<Measurement, "part"> => ({
  about: `fetchonce and other downloaders, in turns, from nginx; medians of ${options.rounds} rounds`,
  async measure(say, scope) {
    requireProc();
    const signal = interruption(scope);
    await buildFetchonce();
    const { tools, missing } = await findPeers();
    missing.forEach(say);
    const testbed = await Testbed.start(scope, signal);
    const figures: Figure[] = [];
    for (const part of options.parts) {
      say(`measuring ${part}`);
      figures.push(...(await MEASURE[part](testbed, tools, options)));
    }
    const versions = [fetchonce, ...tools].map(({ name, version }) => `${name} ${version}`).join(", ");
    return {
      figures,
      remarks: [
        `${versions}. ${testbed.description}`,
        ...missing,
        ...options.parts.map((part) => GOALS[part]),
        "Every downloaded file was compared with the served one by its SHA-256. CPU time is that of all of a tool's processes.",
      ],
    };
  },
});

export const peers: Measurement = {
  ...measurementOf(WHOLE),
  part: (args) => measurementOf(parsePeersOptions(args)),
};
