/** `npm run bench [name...]`: measures, prints a table, and writes `bench/results/<name>.json`. */
import { addressChecks } from "./address-checks.ts";
import { bundle } from "./bundle.ts";
import { capacity } from "./capacity/capacity.ts";
import { cost } from "./cost/artifacts.ts";
import { costPaths } from "./cost/paths.ts";
import { fixedCosts } from "./cost/environments.ts";
import { foreignOrigins } from "./foreign-origins.ts";
import { hostPace } from "./hosts/paced.ts";
import { hostRest } from "./hosts/resting.ts";
import { InterruptedError } from "./harness/interruption.ts";
import { isOver, UsageError, type Measured, type Measurement } from "./harness/measurement.ts";
import { isolation } from "./isolation/isolation.ts";
import { isolationDeployed } from "./isolation/deployed.ts";
import { lanes } from "./lanes.ts";
import { memory } from "./memory.ts";
import { peers } from "./peers/peers.ts";
import { ranges } from "./ranges.ts";
import { requests } from "./requests.ts";
import { describeMachine, tableOf, writeResult } from "./harness/results.ts";
import { scoped } from "./harness/scope.ts";
import { sloBaseline } from "./slo-baseline.ts";
import { submitting } from "./submit/submit.ts";
import { telemetry } from "./telemetry.ts";
import { waiting } from "./waiting.ts";
import { throughput } from "./throughput.ts";

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  requests,
  memory,
  throughput,
  ranges,
  isolation,
  "isolation-deployed": isolationDeployed,
  "host-pace": hostPace,
  "host-rest": hostRest,
  telemetry,
  bundle,
  "foreign-origins": foreignOrigins,
  "slo-baseline": sloBaseline,
  cost,
  "cost-paths": costPaths,
  "fixed-costs": fixedCosts,
  capacity,
  lanes,
  waiting,
  peers,
  "address-checks": addressChecks,
  submit: submitting,
};
const EXIT = { over: 1, usage: 2, interrupted: 130 } as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function measured(name: string, { about, measure }: Omit<Measurement, "part">): Promise<Measured> {
  say(`${name}: ${about}`);
  const result = await scoped(async (scope) => measure((line) => say(`  ... ${line}`), scope));
  say(tableOf(result));
  if (result.figures.some(isOver)) process.exitCode = EXIT.over;
  return result;
}

async function runWhole(name: string, measurement: Measurement): Promise<void> {
  const machine = describeMachine();
  say(`  ${await writeResult(name, machine, await measured(name, measurement))}\n`);
}

async function runPart(names: readonly string[], options: readonly string[]): Promise<void> {
  const [name = "", ...others] = names;
  const part = MEASUREMENTS[name]?.part;
  if (part === undefined || others.length > 0) {
    const taking = Object.keys(MEASUREMENTS).filter((known) => MEASUREMENTS[known]?.part !== undefined);
    throw new UsageError(`Options follow the name of one measurement that takes them: ${taking.join(", ")}.`);
  }
  await measured(name, part(options));
  say(`  This is not the whole measurement, so bench/results/${name}.json stays as it is.\n`);
}

async function run(args: readonly string[]): Promise<void> {
  const firstOption = args.findIndex((argument) => argument.startsWith("-"));
  const names = firstOption === -1 ? args : args.slice(0, firstOption);
  const unknown = names.filter((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown.length > 0) {
    const known = Object.keys(MEASUREMENTS).join(", ");
    throw new UsageError(`There is no measurement "${unknown.join('", "')}". Choose from: ${known}.`);
  }
  if (firstOption !== -1) return runPart(names, args.slice(firstOption));
  for (const [name, measurement] of Object.entries(MEASUREMENTS))
    if (names.length === 0 || names.includes(name)) await runWhole(name, measurement);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof InterruptedError)) throw error;
  say(error.message);
  process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.interrupted;
}
