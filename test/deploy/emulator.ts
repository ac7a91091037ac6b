/** An emulated AWS account for one test file: an emulator's server on a free port, called through boto3. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../embedded-aws/free-port.ts";
import { installPython } from "./tools.ts";

const run = promisify(execFile);
const programHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const ACCOUNT = "123456789012";
export const REGION = "eu-central-1";
export const SECRET = "testing";
const LONGEST_START_MS = 60_000;

type Answer = Readonly<Record<string, unknown>>;

export interface Emulator extends AsyncDisposable {
  readonly endpoint: string;
  /** The variables from which the SDKs and the CDK CLI take endpoint, region and credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls an operation as boto3 spells it: `list_tables` of `dynamodb`. */
  readonly aws: (service: string, operation: string, input?: object) => Promise<Answer>;
  /** Runs a Python program of this folder. @returns the JSON that it prints. */
  python(program: string, ...args: readonly string[]): Promise<unknown>;
}

export interface EmulatorServer {
  readonly python: string;
  /** The server program and its arguments. */
  readonly args: readonly string[];
  /** The server's whole environment; this process's environment if undefined. */
  readonly env?: NodeJS.ProcessEnv;
  readonly endpoint: string;
  /** A path that answers with a 200 once the server is ready. */
  readonly readyPath: string;
  readonly accessKeyId: string;
  /** An open file for the server's output, which is dropped if there is none. */
  readonly log?: number;
}

/** Starts moto's server. */
export async function startEmulator(): Promise<Emulator> {
  const port = await freePort();
  return startServer({
    python: await installPython(),
    args: [programHere("emulator.py"), String(port)],
    // moto finds the bucket in the path of a template's URL only if the host is localhost.
    endpoint: `http://localhost:${port}`,
    readyPath: "/moto-api/",
    accessKeyId: "testing",
  });
}

export async function startServer(options: EmulatorServer): Promise<Emulator & { readonly pid: number }> {
  const { endpoint, env, log } = options;
  const output = log ?? "ignore";
  const server = spawn(options.python, options.args, { stdio: ["pipe", output, output], ...(env && { env }) });
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: options.accessKeyId,
    AWS_SECRET_ACCESS_KEY: SECRET,
  };
  await untilItAnswers(endpoint + options.readyPath);
  // boto3 is installed with moto and serves both emulators.
  const python = await installPython();
  const asked = spawn(python, [programHere("aws.py")], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: asked.stdout })[Symbol.asyncIterator]();
  let lastAnswer: Promise<unknown> = Promise.resolve();
  const ask = async (service: string, operation: string, input: object): Promise<Answer> => {
    asked.stdin.write(`${JSON.stringify([service, operation, input])}\n`);
    const { value } = (await answers.next()) as IteratorResult<string, string>;
    const answer = JSON.parse(value) as Answer;
    if (answer["error"] !== undefined) throw new Error(`${service}.${operation}: ${JSON.stringify(answer["error"])}`);
    return answer;
  };
  return {
    pid: server.pid ?? 0,
    endpoint,
    environment,
    async aws(service, operation, input = {}) {
      const answer = lastAnswer.then(async () => ask(service, operation, input));
      lastAnswer = answer.catch(() => undefined);
      return answer;
    },
    async python(program, ...args) {
      const { stdout } = await run(python, [programHere(program), ...args]);
      return JSON.parse(stdout) as unknown;
    },
    async [Symbol.asyncDispose]() {
      asked.stdin.end();
      server.kill();
      if (server.exitCode === null) await once(server, "exit");
    },
  };
}

async function untilItAnswers(url: string): Promise<void> {
  const endMs = Date.now() + LONGEST_START_MS;
  for (;;) {
    const isThere = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    if (Date.now() > endMs) throw new Error(`The emulator did not answer at ${url} for ${LONGEST_START_MS} ms.`);
    await sleep(200);
  }
}
