/** `npm run bench [name...]`: measures, prints a table, and writes `bench/results/<name>.json`. */
import { bundle } from "./bundle.ts";
import { cost } from "./cost/artifacts.ts";
import { fixedCosts } from "./cost/environments.ts";
import { foreignOrigins } from "./foreign-origins.ts";
import { isOver, type Measurement } from "./harness/measurement.ts";
import { memory } from "./memory.ts";
import { requests } from "./requests.ts";
import { describeMachine, tableOf, writeResult } from "./harness/results.ts";
import { scoped } from "./harness/scope.ts";
import { sloBaseline } from "./slo-baseline.ts";
import { telemetry } from "./telemetry.ts";
import { throughput } from "./throughput.ts";

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  requests,
  memory,
  throughput,
  telemetry,
  bundle,
  "foreign-origins": foreignOrigins,
  "slo-baseline": sloBaseline,
  cost,
  "fixed-costs": fixedCosts,
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function runOne(name: string, { about, measure }: Measurement): Promise<void> {
  say(`${name}: ${about}`);
  const machine = describeMachine();
  const measured = await scoped(async (scope) => measure((line) => say(`  ... ${line}`), scope));
  say(tableOf(measured));
  say(`  ${await writeResult(name, machine, measured)}\n`);
  if (measured.figures.some(isOver)) process.exitCode = 1;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(MEASUREMENTS, name));
if (unknown.length > 0) {
  say(`There is no measurement "${unknown.join('", "')}". Choose from: ${Object.keys(MEASUREMENTS).join(", ")}.`);
  process.exitCode = 2;
} else {
  for (const [name, measurement] of Object.entries(MEASUREMENTS)) {
    if (asked.length === 0 || asked.includes(name)) await runOne(name, measurement);
  }
}
