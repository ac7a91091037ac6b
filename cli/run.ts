import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { proxiesOf, ProxySettingError } from "../adapters/http/proxies.ts";
import { OtherSchemaError } from "../adapters/local/schema.ts";
import { MachineTroubleError } from "../adapters/local/machine-trouble.ts";
import { ResultsPathError } from "./results/write-results.ts";
import { FolderInUseError } from "../local/run/run-errors.ts";
import packageJson from "../package.json" with { type: "json" };
import { parseArguments, type Arguments } from "./get/arguments.ts";
import type { OperatorsCommand } from "./operators/commands.ts";
import type { OperatorsDeps } from "./operators/run.ts";
import type { RunWatcher } from "./get/follow.ts";
import { stackAddresses } from "./shared/stack.ts";
import { EXIT } from "./terminal/exit.ts";
import { UsageError } from "./terminal/usage-error.ts";
import type { Output } from "./view/view.ts";

export interface Surroundings {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Writable;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Aborted when the user interrupts the run. */
  readonly signal: AbortSignal;
  /** What the operators' commands work on. Undefined: AWS. */
  readonly operators?: OperatorsDeps;
}

/** @returns the exit code. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, env, signal } = surroundings;
  try {
    const parsed = parseArguments(argv, env, packageJson.version);
    if (typeof parsed !== "string" && parsed.command === "submit") {
      const [{ batchStoreAt }, { queueAt }, { submit }] = await Promise.all([
        import("./submit/batch-store.ts"),
        import("./submit/queue.ts"),
        import("./submit/run.ts"),
      ]);
      return await submit(parsed, { ...surroundings, addressesOf: stackAddresses, batchStoreAt, queueAt });
    }
    if (typeof parsed !== "string") return await start(parsed, surroundings);
    stdout.write(`${parsed}\n`);
    return EXIT.done;
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      stderr.write("Stopped before anything was fetched.\n");
      return EXIT.interrupted;
    }
    const { exit, text } = describe(error);
    stderr.write(`${text}\n`);
    return exit;
  }
}

function describe(error: unknown): { readonly exit: number; readonly text: string } {
  if (error instanceof UsageError || error instanceof ProxySettingError)
    return { exit: EXIT.wrongUsage, text: error.message };
  if (error instanceof FolderInUseError || error instanceof OtherSchemaError || error instanceof ResultsPathError)
    return { exit: EXIT.wrongUsage, text: error.message };
  if (error instanceof MachineTroubleError)
    return {
      exit: EXIT.machine,
      text: `Stopped: ${error.sentence}\nNothing is lost. Mend it, or choose another directory with --out. Then run the same command again.`,
    };
  return { exit: EXIT.failed, text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

async function start(args: Arguments | OperatorsCommand, surroundings: Surroundings): Promise<number> {
  if ("args" in args) return startOperators(args, surroundings);
  // The worker processes need them, too late for a sentence.
  proxiesOf(surroundings.env);
  const work = async (watchers: readonly RunWatcher[]): Promise<number> => {
    if (args.command === "get") {
      const { get } = await import("./get/get.ts");
      return get(args, { ...surroundings, watchers });
    }
    const { runDemo } = await import("./demo/demo.ts");
    return runDemo(args, surroundings, watchers);
  };
  if (args.dashboardPort === undefined) return work([]);
  const { stdout, signal } = surroundings;
  const { DashboardWatcher } = await import("./dashboard/watcher.ts");
  const dashboard = await DashboardWatcher.start(args.dashboardPort, args.outDir);
  try {
    if (args.output !== "json") stdout.write(`Dashboard: ${dashboard.url}\n`);
    const exitCode = await work([dashboard]);
    if (stdout.isTTY && !signal.aborted) {
      stdout.write(`The dashboard stays at ${dashboard.url} until Ctrl-C.\n`);
      await once(signal, "abort");
    }
    return exitCode;
  } finally {
    await dashboard.stop();
  }
}

/** Only here the SDK is loaded, which takes as long as all the rest. */
async function startOperators(command: OperatorsCommand, surroundings: Surroundings): Promise<number> {
  const { operate } = await import("./operators/run.ts");
  const deps = surroundings.operators ?? (await import("./operators/aws.ts")).awsDeps(surroundings.env);
  return operate(command, surroundings, deps);
}
