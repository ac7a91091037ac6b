import type { Readable } from "node:stream";
import type { LocalRun } from "../../local/run/local-run.ts";
import { describeProblem, readInput, type InputEntry, type InputProblem } from "../input/read-input.ts";
import { plural } from "../../local/shared/words.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { Arguments } from "./arguments.ts";

const MOST_PROBLEMS_SHOWN = 20;
const STANDARD_INPUT = "-";
/** Lines of standard input wait so long for others, in ms, before they are stored and begun. */
const GATHERING_MS = 50;
const MOST_GATHERED = 1_000;

export const isStandardInput = ({ sources }: Pick<Arguments, "sources">): boolean =>
  sources.length === 1 && sources[0] === STANDARD_INPUT;

/** Lines that are not valid, of which the first twenty are told. */
class Problems {
  readonly #name: string;
  readonly #tell: (line: string) => void;
  count = 0;

  constructor(name: string, tell: (line: string) => void) {
    this.#name = name;
    this.#tell = tell;
  }

  add(problem: InputProblem): void {
    this.count += 1;
    if (this.count <= MOST_PROBLEMS_SHOWN) this.#tell(describeProblem(this.#name, problem));
  }

  finish(): void {
    const more = this.count - MOST_PROBLEMS_SHOWN;
    if (more > 0) this.#tell(`and ${more} more`);
  }
}

function nameOf(sources: readonly string[]): string {
  const [first = ""] = sources;
  if (first === STANDARD_INPUT) return "standard input";
  return sources.length === 1 && !first.includes("://") ? first : "the command line";
}

/**
 * Takes a whole list, or nothing of it.
 * @returns the number of lines that were skipped because they are not valid.
 * @throws UsageError if a line is not valid and is not to be skipped, or if no line is left.
 */
export async function takeList(
  run: LocalRun,
  args: Arguments,
  stdin: Readable,
  tell: (line: string) => void,
): Promise<number> {
  const name = nameOf(args.sources);
  const problems = new Problems(name, tell);
  const matches = matcher(args.only);
  let taken = 0;
  let others = 0;
  await run.replaceList(async (add) => {
    for await (const entry of entriesOf(args, stdin)) {
      if ("reason" in entry) problems.add(entry);
      else if (!matches(entry.message.url)) others += 1;
      else if (addTo(add, entry, problems)) taken += 1;
    }
    problems.finish();
    if (problems.count > 0 && !args.skipInvalid)
      throw new UsageError(
        `Nothing was downloaded: ${name} has ${plural(problems.count, "invalid line")}. ` +
          "Correct it, or add --skip-invalid to go on without such lines.",
      );
    if (taken > 0) return;
    if (others > 0)
      throw new UsageError(`Nothing was downloaded: no URL of ${name} matches --only ${args.only ?? ""}.`);
    throw new UsageError(
      problems.count > 0
        ? `Nothing was downloaded: no line of ${name} is valid. Correct it, and run the command again.`
        : `Nothing was downloaded: ${name} names no URL. Write at least one.`,
    );
  });
  return problems.count;
}

/** Takes standard input line by line, while the run is at work. Lines that are not valid are told and skipped. */
export async function takeStream(
  run: LocalRun,
  args: Arguments,
  stdin: Readable,
  tell: (line: string) => void,
): Promise<number> {
  const problems = new Problems(nameOf(args.sources), tell);
  const matches = matcher(args.only);
  let gathered: InputEntry[] = [];
  const store = (): void => {
    const entries = gathered;
    gathered = [];
    if (entries.length > 0) run.addLines((add) => entries.forEach((entry) => addTo(add, entry, problems)));
  };
  const storing = setInterval(store, GATHERING_MS);
  try {
    for await (const entry of entriesOf(args, stdin)) {
      if ("reason" in entry) problems.add(entry);
      else if (matches(entry.message.url)) gathered.push(entry);
      if (gathered.length >= MOST_GATHERED) store();
    }
    store();
  } finally {
    clearInterval(storing);
  }
  problems.finish();
  return problems.count;
}

const entriesOf = ({ sources, format, urlColumn }: Arguments, stdin: Readable): ReturnType<typeof readInput> =>
  readInput(sources, { ...(format && { format }), ...(urlColumn !== undefined && { urlColumn }) }, stdin);

type Add = Parameters<Parameters<LocalRun["addLines"]>[0]>[0];

function addTo(add: Add, entry: InputEntry, problems: Problems): boolean {
  const conflict = add(entry);
  if (!conflict) return true;
  const reason = `line ${conflict.earlierLine} has another digest for the same job. Keep the one that is right`;
  problems.add({ line: entry.line, field: "sha256", reason });
  return false;
}

/** `*` stands for any text; everything else for itself. */
function matcher(pattern: string | undefined): (url: string) => boolean {
  if (pattern === undefined) return () => true;
  const parts = pattern.split("*").map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`, "s");
  return (url) => expression.test(url);
}
