import { type Command, InvalidArgumentError, Option } from "commander";
import { parseGate } from "../../core/gate/gate.ts";
import type { NameSource } from "../../local/run/settler.ts";
import { CHOICES, type WebChoices } from "../../local/settings.ts";
import type { ListFormat } from "../input/read-input.ts";
import { IS_BUILT } from "../../local/shared/built.ts";
import { addCompletion } from "../completion/command.ts";
import { describeOperators, type OperatorsCommand } from "../operators/commands.ts";
import { formatOption } from "../shared/format-option.ts";
import { describeSubmit, type SubmitArguments } from "../submit/arguments.ts";
import { parseCommand, wholeNumber } from "../terminal/parse-command.ts";
import { TYPED } from "../terminal/typed.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { describeWeb, webChoices, type WebOptions } from "./web-options.ts";

export interface Arguments {
  readonly command: "get" | "demo";
  /** URLs, one list, or "-" for standard input. None: go on with what the folder holds. */
  readonly sources: readonly string[];
  readonly outDir: string;
  readonly workers: number;
  /** Downloads at a time. */
  readonly jobs: number;
  readonly maxAttempts: number;
  readonly web: WebChoices;
  readonly skipInvalid: boolean;
  readonly format: ListFormat | undefined;
  readonly urlColumn: string | undefined;
  /** Only URLs that match: `*` stands for any text. */
  readonly only: string | undefined;
  readonly nameSource: NameSource;
  /** A further file for the results. */
  readonly results: string | undefined;
  readonly verify: boolean;
  readonly retryFailed: boolean;
  readonly refresh: boolean;
  readonly output: "progress" | "quiet" | "json";
  /** "true", "false" or a percentage of jobs that take the exactly-once path. */
  readonly enableIdempotency: string;
  /** Port of the dashboard. 0: any free port; undefined: no dashboard. */
  readonly dashboardPort: number | undefined;
}

const LAST_PORT = 65_535;
const GATE_VARIABLE = "DOCSTOKG_ENABLE_IDEMPOTENCY";

const EXAMPLES = `
Examples:
  fetchonce get https://example.com/a.pdf https://example.com/b.pdf
  fetchonce get urls.txt --out papers               one URL on each line
  fetchonce get list.csv --url-column link --names column:title --results done.csv
  fetchonce get rows.parquet                        also .tsv and .jsonl, and .gz or .zst of each
  crawl | fetchonce get - --out pages               starts with the first line
  fetchonce get --out papers --retry-failed         go on with what is in papers`;

const NOTES = `
A list needs a URL in each line. It may name work_id, artifact_id and sha256 as well; all other columns are your own and
stand in the results. Run the same command again to go on, or to fetch what is missing.

In DIR: files/ has the files under readable names, content/ the same files by their SHA-256, results.jsonl a line for
each line of the list, report.html a page about the run, events.jsonl what happened.

HTTP_PROXY, HTTPS_PROXY and NO_PROXY name proxies, as for curl (Node 22.21, 24.5 or newer). NODE_EXTRA_CA_CERTS names a
file with certificates to trust as well.

${GATE_VARIABLE} (true, false, or a percentage) sets the default of --enable-idempotency. DOCSTOKG_ is the
historical name of the pipeline's flag, kept because deployments and scripts set it.

Exit code: 0 all there, 1 some failed, 2 wrong usage, 3 this machine stopped it (a full disk, for example), 130 stopped.`;

interface Parsed extends WebOptions {
  readonly out?: string;
  readonly workers: number;
  readonly jobs?: number;
  readonly attempts: number;
  readonly skipInvalid?: true;
  readonly format?: ListFormat;
  readonly urlColumn?: string;
  readonly only?: string;
  readonly names?: NameSource;
  readonly results?: string;
  readonly verify?: true;
  readonly retryFailed?: true;
  readonly refresh?: true;
  readonly quiet?: true;
  readonly json?: true;
  readonly enableIdempotency?: string | boolean;
  readonly dashboard?: number;
}

const DEFAULT_OUT = "./downloads";
/** Apart from the default of lists, whose results the demo would replace. */
const DEMO_OUT = "./downloads/demo";

/**
 * @param version printed by --version.
 * @returns the parsed arguments, or the text that was requested: the help or the version.
 * @throws UsageError if an argument or the variable is not valid.
 */
export function parseArguments(
  argv: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
  version: string,
): Arguments | SubmitArguments | OperatorsCommand | string {
  const line = { name: "fetchonce", typed: TYPED };
  const words = IS_BUILT && argv.length === 0 ? ["--help"] : argv.map(explicitValue);
  return parseCommand<Arguments | SubmitArguments | OperatorsCommand>(words, line, (program, found) => {
    const use = (command: Arguments["command"], sources: readonly string[], options: Parsed): void =>
      found(argumentsOf(command, sources, options, { env, version }));
    program
      .version(version, "-V, --version", "print the version")
      .description("Downloads what a list of URLs points at, exactly once: here, or in a deployed system.")
      .addHelpText("after", `${EXAMPLES}\n\nAll options: ${TYPED} get --help`);
    describeWeb(describeList(describeRun(program.command("get", { isDefault: true }), DEFAULT_OUT)))
      .description("download URLs, or the URLs of a list")
      .argument("[URL|LIST...]", "URLs; or one list of URLs; or - for a list on standard input")
      .addHelpText("after", `${EXAMPLES}\n${NOTES}`)
      .action((sources: string[], options: Parsed) => {
        // In a clone, the demo runs without a command and without anything about a list: `npm start`.
        const isBare = !IS_BUILT && sources.length === 0 && argv[0] !== "get" && !isAboutList(options);
        use(isBare ? "demo" : "get", sources, options);
      });
    describeRun(program.command("demo"), DEMO_OUT)
      .description("download from a small server of its own, kill a worker on the way, and check that all is well")
      .action((options: Parsed) => use("demo", [], options));
    describeSubmit(program.command("submit"), found);
    describeOperators(program, found);
    addCompletion(program, "get");
  });
}

const isAboutList = (options: Parsed): boolean => LIST_OPTIONS.some((name) => options[name] !== undefined);

function argumentsOf(
  command: Arguments["command"],
  sources: readonly string[],
  options: Parsed,
  { env, version }: { readonly env: Readonly<NodeJS.ProcessEnv>; readonly version: string },
): Arguments {
  const { out = command === "demo" ? DEMO_OUT : DEFAULT_OUT } = options;
  if (out.includes("://"))
    throw new UsageError(`--out must be a directory of this machine, and ${out} is a URL. Give a path.`);
  if (options.verify && options.refresh)
    throw new UsageError("--refresh fetches everything again, so --verify has nothing to check. Give one of them.");
  const jobs = options.jobs ?? Math.max(CHOICES.jobs.usual, options.workers);
  return {
    command,
    sources,
    outDir: out,
    workers: Math.min(options.workers, jobs),
    jobs,
    maxAttempts: options.attempts,
    web: webChoices(options, version),
    skipInvalid: options.skipInvalid ?? false,
    format: options.format,
    urlColumn: options.urlColumn,
    only: options.only,
    nameSource: options.names ?? { kind: "url" },
    results: options.results,
    verify: options.verify ?? false,
    retryFailed: options.retryFailed ?? false,
    refresh: options.refresh ?? false,
    output: options.json ? "json" : options.quiet ? "quiet" : "progress",
    enableIdempotency: gateText(options.enableIdempotency, env[GATE_VARIABLE]),
    dashboardPort: options.dashboard,
  };
}

/** Makes the flag's value explicit: commander would take a list that follows one of these flags for its value. */
function explicitValue(argument: string, index: number, argv: readonly string[]): string {
  if (argument === "--enable-idempotency") return "--enable-idempotency=true";
  const isPortNext = /^\d+$/.test(argv[index + 1] ?? "");
  return argument === "--dashboard" && !isPortNext ? "--dashboard=0" : argument;
}

/** Options of any run. */
function describeRun(command: Command, out: string): Command {
  const { attempts, jobs, workers } = CHOICES;
  return command
    .option("-o, --out <DIR>", `directory for everything (default: ${out})`)
    .option("-j, --jobs <N>", `downloads at a time, 1 to ${jobs.most} (default: ${jobs.usual})`, upTo(jobs))
    .option("--workers <N>", `worker processes, 1 to ${workers.most}`, upTo(workers), workers.usual)
    .option("--attempts <N>", "attempts without progress after which a URL fails", upTo(attempts), attempts.usual)
    .addOption(new Option("-q, --quiet", "print problems and the summary only").conflicts("json"))
    .option("--json", "print a JSON line for each job as it ends, and a summary line, for programs")
    .option("--dashboard [PORT]", "serve a live page about the run on 127.0.0.1 (default: any free port)", portNumber)
    .addOption(
      new Option(
        "--enable-idempotency [PERCENT]",
        `take the exactly-once path for all jobs or, with =PERCENT, for some (default: ${GATE_VARIABLE}, or all)`,
      ).argParser(percentage),
    )
    .option("--no-enable-idempotency", "take the unguarded path: no leases, no ledger, no index");
}

const LIST_OPTIONS = [
  "names",
  "results",
  "urlColumn",
  "format",
  "only",
  "skipInvalid",
  "retryFailed",
  "verify",
  "refresh",
] as const satisfies readonly (keyof Parsed)[];

function describeList(command: Command): Command {
  return command
    .option(
      "--names <SOURCE>",
      "names below files/: url (the default), header (the origin's name), column:NAME, or none",
      nameSource,
    )
    .option("--results <FILE>", "also write the results to FILE: .csv, .tsv, .jsonl or .parquet")
    .option("--url-column <NAME>", "the list's column that holds the URL")
    .addOption(formatOption())
    .option("--only <PATTERN>", "only URLs that match PATTERN, where * stands for any text")
    .option("--skip-invalid", "skip invalid lines of the list instead of stopping")
    .option("--retry-failed", "try again what failed in an earlier run")
    .option("--verify", "compare what earlier runs stored with its SHA-256, and fetch again what is damaged")
    .option("--refresh", "fetch everything again");
}

const upTo = ({ most }: { readonly most: number }): ((text: string) => number) =>
  wholeNumber(1, most, `a whole number from 1 to ${most}`);
const portNumber = wholeNumber(0, LAST_PORT, `a port from 1 to ${LAST_PORT}, or 0 for any free port`);

function nameSource(text: string): NameSource {
  if (text === "url" || text === "header" || text === "none") return { kind: text };
  const column = /^column:(.+)$/.exec(text)?.[1];
  if (column !== undefined) return { kind: "column", column };
  throw new InvalidArgumentError("It must be url, header, none, or column: and the name of a column.");
}

function percentage(text: string): string {
  try {
    parseGate(text);
    return text;
  } catch {
    throw new InvalidArgumentError("It must be a percentage from 0 to 100.");
  }
}

function gateText(flag: string | boolean | undefined, variable: string | undefined): string {
  if (flag !== undefined) return String(flag);
  if (variable === undefined) return "true";
  try {
    parseGate(variable);
    return variable;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
