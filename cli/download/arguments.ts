import { type Command, InvalidArgumentError, Option } from "commander";
import { parseGate } from "../../core/gate/gate.ts";
import { parseCommand, wholeNumber } from "../terminal/parse-command.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface Arguments {
  /** Path of the manifest, or "-" for standard input. Undefined: run the demo. */
  readonly manifest: string | undefined;
  readonly outDir: string;
  readonly workers: number;
  readonly allowPrivateHosts: boolean;
  readonly skipInvalid: boolean;
  /** "true", "false" or a percentage: a value for the workers' DOCSTOKG_ENABLE_IDEMPOTENCY. */
  readonly enableIdempotency: string;
  /** Port of the dashboard. 0: any free port; undefined: no dashboard. */
  readonly dashboardPort: number | undefined;
}

const MOST_WORKERS = 64;
const LAST_PORT = 65_535;
const GATE_VARIABLE = "DOCSTOKG_ENABLE_IDEMPOTENCY";

const EXAMPLES = `
MANIFEST is a file of one of these kinds, or - for JSON lines on standard input:
  .jsonl  one object on each line:
          {"work_id": "w1", "artifact_id": "a1", "url": "https://...", "sha256": "<64 hex digits, optional>"}
  .csv    with a header line that names the columns work_id, artifact_id, url and, optionally, sha256
  .txt    one URL on each line; blank lines and lines that start with # are skipped

Without MANIFEST a demo runs. It downloads from a small server of its own and kills a worker during a download.

DOCSTOKG_ENABLE_IDEMPOTENCY (true, false, or a percentage) sets the default of --enable-idempotency. DOCSTOKG_ is the
historical name of the pipeline's flag, kept because deployments and scripts set it.

Exit code: 0 all downloaded, 1 some failed, 2 wrong usage, 130 interrupted.`;

interface Parsed {
  readonly out: string;
  readonly workers: number;
  readonly allowPrivateHosts?: true;
  readonly skipInvalid?: true;
  readonly enableIdempotency?: string | boolean;
  readonly dashboard?: number;
}

/**
 * @returns the parsed arguments, or the help text if it was requested.
 * @throws UsageError if an argument or the variable is not valid.
 */
export function parseArguments(argv: readonly string[], env: Readonly<NodeJS.ProcessEnv>): Arguments | string {
  return parseCommand(argv.map(explicitValue), { name: "fetchonce", typed: "npm start" }, (program, found) => {
    describeDownload(program).action((manifest: string | undefined, options: Parsed) =>
      found({
        manifest,
        outDir: options.out,
        workers: options.workers,
        allowPrivateHosts: options.allowPrivateHosts ?? false,
        skipInvalid: options.skipInvalid ?? false,
        enableIdempotency: gateText(options.enableIdempotency, env[GATE_VARIABLE]),
        dashboardPort: options.dashboard,
      }),
    );
  });
}

/** Makes the flag's value explicit: commander would take a manifest that follows one of these flags for its value. */
function explicitValue(argument: string, index: number, argv: readonly string[]): string {
  if (argument === "--enable-idempotency") return "--enable-idempotency=true";
  const isPortNext = /^\d+$/.test(argv[index + 1] ?? "");
  return argument === "--dashboard" && !isPortNext ? "--dashboard=0" : argument;
}

function describeDownload(program: Command): Command {
  return program
    .description("Downloads the files that a list of URLs points at, exactly once.")
    .argument("[MANIFEST]", "the list of URLs to download; formats see below")
    .option("--out <DIR>", "folder for the files, results.jsonl and events.jsonl", "./downloads")
    .option("--workers <N>", `number of worker processes, 1 to ${MOST_WORKERS}`, workerCount, 4)
    .option("--allow-private-hosts", "also download from private and loopback addresses")
    .option("--skip-invalid", "skip invalid lines of the manifest instead of stopping")
    .addOption(
      new Option(
        "--enable-idempotency [PERCENT]",
        `take the exactly-once path for all jobs or, with =PERCENT, for some (default: ${GATE_VARIABLE}, or all)`,
      ).argParser(percentage),
    )
    .option("--no-enable-idempotency", "take the unguarded path: no leases, no ledger, no index")
    .option("--dashboard [PORT]", "serve a live page about the run on 127.0.0.1 (default: any free port)", portNumber)
    .addHelpText("after", EXAMPLES);
}

const workerCount = wholeNumber(1, MOST_WORKERS, `a whole number from 1 to ${MOST_WORKERS}`);
const portNumber = wholeNumber(0, LAST_PORT, `a port from 1 to ${LAST_PORT}, or 0 for any free port`);

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
