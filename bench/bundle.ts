import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { functionNamed } from "../test/embedded-aws/lambda/functions.ts";
import { resourcesOf } from "../test/embedded-aws/template/resources.ts";
import { synthesize } from "../test/embedded-aws/template/synth.ts";
import { outputOf, resolverOf } from "../test/embedded-aws/template/template.ts";
import { medianOf, rounded, type Figure, type Measurement } from "./harness/measurement.ts";
import { temporaryFolder } from "./harness/temporary-folder.ts";

const ROUNDS = 15;
const WORKER_BOUND_BYTES = 546_000;
const run = promisify(execFile);

interface Bundle {
  readonly name: "worker" | "reconciler";
  readonly path: string;
  readonly variables: Readonly<Record<string, string>>;
}

async function bundles(): Promise<readonly Bundle[]> {
  const { template, folder } = await synthesize();
  const anyUrl = new Map(resourcesOf(template, "AWS::SQS::Queue").map(([id]) => [id, `http://127.0.0.1/${id}`]));
  const resolve = resolverOf(template, anyUrl);
  const bundleOf = (name: Bundle["name"], output: string): Bundle => {
    const { asset, handler, variables } = functionNamed(template, resolve, outputOf(template, resolve, output));
    return { name, path: join(folder, asset, `${handler.split(".")[0]}.mjs`), variables };
  };
  return [bundleOf("worker", "WorkerFunctionName"), bundleOf("reconciler", "ReconcilerFunctionName")];
}

/** Measures in a new process each time, like a cold start. @returns milliseconds. */
async function importMs(path: string, variables: Readonly<Record<string, string>>): Promise<number> {
  const program = `
    const started = performance.now();
    await import(${JSON.stringify(pathToFileURL(path).href)});
    process.stdout.write(String(performance.now() - started), () => process.exit());`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], {
    env: { PATH: process.env["PATH"], AWS_REGION: "us-east-1", ...variables },
  });
  return Number(stdout);
}

export const bundle: Measurement = {
  about: `the bundles that Lambda loads: size, and time to import in a new process (medians of ${ROUNDS})`,
  async measure(_say, scope) {
    const temporary = scope.use(await temporaryFolder());
    const empty = join(temporary.path, "empty.mjs");
    await writeFile(empty, "export {};\n");
    const figures: Figure[] = [];
    for (const { name, path, variables } of await bundles()) {
      const code = await readFile(path);
      const times: number[] = [];
      const emptyTimes: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        times.push(await importMs(path, variables));
        emptyTimes.push(await importMs(empty, variables));
      }
      const [ms, emptyMs] = [medianOf(times), medianOf(emptyTimes)];
      figures.push(
        { what: `${name}: minified`, value: code.length, unit: "bytes", atMost: WORKER_BOUND_BYTES },
        { what: `${name}: minified and gzipped`, value: gzipSync(code).length, unit: "bytes" },
        { what: `${name}: import / import of an empty module`, value: rounded(ms / emptyMs, 1), unit: "x time" },
        { what: `${name}: import`, value: rounded(ms, 1), unit: "ms" },
      );
    }
    return {
      figures,
      remarks: ["Imported without V8's compile cache. A new Lambda environment does not have one either."],
    };
  },
};
