import { parseArgs } from "node:util";
import { UsageError } from "../harness/measurement.ts";

const PARTS = ["start", "small", "large", "many"] as const;
export type Part = (typeof PARTS)[number];

export interface PeersOptions {
  readonly parts: readonly Part[];
  readonly smallFiles: number;
  readonly manyFiles: number;
  readonly rounds: number;
}

export const WHOLE: PeersOptions = { parts: PARTS, smallFiles: 5000, manyFiles: 100_000, rounds: 3 };

/** With fewer there is nothing to compare a job of a long list with. */
const LEAST_FILES = 2;
const USAGE = `npm run bench -- peers [--only ${PARTS.join("|")}]... [--files N] [--rounds N]`;

/** @throws UsageError if an option is unknown or its value is not valid. */
export function parsePeersOptions(args: readonly string[]): PeersOptions {
  const { only, files, rounds } = valuesOf(args);
  return {
    parts: only === undefined ? WHOLE.parts : PARTS.filter((part) => only.map(partNamed).includes(part)),
    smallFiles: files === undefined ? WHOLE.smallFiles : numberFrom(files, LEAST_FILES),
    manyFiles: files === undefined ? WHOLE.manyFiles : numberFrom(files, LEAST_FILES),
    rounds: rounds === undefined ? WHOLE.rounds : numberFrom(rounds, 1),
  };
}

function valuesOf(args: readonly string[]) {
  const options = {
    only: { type: "string", multiple: true },
    files: { type: "string" },
    rounds: { type: "string" },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}. Usage: ${USAGE}`);
  }
}

function partNamed(name: string): Part {
  const part = PARTS.find((known) => known === name);
  if (part === undefined) throw new UsageError(`There is no part "${name}". Usage: ${USAGE}`);
  return part;
}

function numberFrom(text: string, least: number): number {
  const number = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (number < least) throw new UsageError(`"${text}" is not a whole number from ${least} to 9999999. Usage: ${USAGE}`);
  return number;
}
