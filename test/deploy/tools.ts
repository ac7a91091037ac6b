/** The tools of these tests that npm does not install. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installed, installedPackages } from "../../bench/harness/installed.ts";

const run = promisify(execFile);
const fileHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** @returns the interpreter of a virtual environment with moto, boto3 and cfn-lint. */
export const installPython = async (): Promise<string> =>
  join(await installedPackages("python", fileHere("requirements.txt")), "python");

/** @returns the interpreter of another one with ministack, which needs a different botocore than moto. */
export const installMinistack = async (): Promise<string> =>
  join(await installedPackages("ministack", fileHere("pipeline/requirements.txt")), "python");

/** @returns the folder with the AWS CLI, in an environment of its own. */
export const installAwsCli = async (): Promise<string> => installedPackages("aws-cli", fileHere("aws-cli.txt"));

/** @returns the interpreter of another one with programs that read Parquet. */
export const installReaders = async (): Promise<string> =>
  join(await installedPackages("parquet-readers", fileHere("parquet-readers.txt")), "python");

export interface LambdaRuntime {
  /** The program that plays the Lambda service: an HTTP server that hands invocations to a runtime. */
  readonly emulator: string;
  /** The Node.js runtime: a module that loads the handler and takes invocations from the runtime API. */
  readonly client: string;
}

const EMULATOR = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie";
const EMULATOR_VERSION = "v0.0.0-20261030222936-bef5c4ba774d";
const CLIENT_VERSION = "4.0.2";
const NEEDED = ["go", "cmake", "autoreconf", "libtoolize", "c++"];

/** Builds Lambda's own programs from source. @returns undefined if a program that the build needs is missing. */
export async function installLambdaRuntime(): Promise<LambdaRuntime | undefined> {
  const isMissing = await Promise.all(
    NEEDED.map(async (program) =>
      run("which", [program]).then(
        () => false,
        () => true,
      ),
    ),
  );
  if (isMissing.includes(true)) return undefined;
  const versions = `${EMULATOR_VERSION} ${CLIENT_VERSION} ${process.version}`;
  const folder = await installed("lambda-runtime", versions, async (cwd) => {
    await writeFile(join(cwd, "package.json"), JSON.stringify({ allowScripts: { "aws-lambda-ric": true } }));
    await Promise.all([
      run("go", ["install", `${EMULATOR}@${EMULATOR_VERSION}`], { cwd, env: { ...process.env, GOBIN: cwd } }),
      run("npm", ["install", "--no-audit", "--no-fund", `aws-lambda-ric@${CLIENT_VERSION}`], { cwd }),
    ]);
  });
  return { emulator: join(folder, "aws-lambda-rie"), client: join(folder, "node_modules/aws-lambda-ric/index.mjs") };
}
