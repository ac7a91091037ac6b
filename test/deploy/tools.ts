/** Tools that npm does not install: each pinned version is installed once, into the user's cache. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "fetchonce");
const fileHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** @returns the folder of the installation. An interrupted installation is started again from nothing. */
async function installed(name: string, versions: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, `${name}-${createHash("sha256").update(versions).digest("hex").slice(0, 16)}`);
  const isComplete = join(folder, "complete");
  if (existsSync(isComplete)) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await install(folder);
  await writeFile(isComplete, versions);
  return folder;
}

/** @returns the interpreter of a virtual environment with moto, boto3 and cfn-lint. */
export const installPython = async (): Promise<string> => installPackages("python", fileHere("requirements.txt"));

/** @returns the interpreter of another one with ministack, which needs a different botocore than moto. */
export const installMinistack = async (): Promise<string> =>
  installPackages("ministack", fileHere("pipeline/requirements.txt"));

async function installPackages(name: string, requirements: string): Promise<string> {
  const { stdout: version } = await run("python3", ["--version"]);
  const folder = await installed(name, version + (await readFile(requirements, "utf8")), async (into) => {
    await run("python3", ["-m", "venv", into]);
    await run(join(into, "bin/python"), ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  });
  return join(folder, "bin/python");
}

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
