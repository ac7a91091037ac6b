/** ministack on a free loopback port: the second emulator, which runs the deployed functions as processes. */
import { execFile } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../../embedded-aws/free-port.ts";
import { ACCOUNT, type Emulator, REGION, SECRET, startServer } from "../emulator.ts";
import { installMinistack } from "../tools.ts";

const run = promisify(execFile);
const SERVER = fileURLToPath(new URL("server.py", import.meta.url));

export interface Ministack extends Emulator {
  /** Holds all files that the server and the functions write. It is removed at the end. */
  readonly folder: string;
  /** The processes of a function, busy or idle. */
  pidsOf(functionName: string): Promise<readonly number[]>;
  /** The last lines of the server's log. */
  lastWords(): Promise<string>;
}

/** Starts ministack so that it checks signatures and enforces the policies of roles, users and resources. */
export async function startMinistack(): Promise<Ministack> {
  const end = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), "fetchonce-ministack-"));
    end.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const port = await freePort();
    const logFile = join(folder, "server.log");
    const log = openSync(logFile, "a");
    end.defer(() => closeSync(log));
    const server = await startServer({
      python: await installMinistack(),
      args: [SERVER],
      endpoint: `http://127.0.0.1:${port}`,
      readyPath: "/_ministack/health",
      // ministack takes the account id as the access key of the root user, whose secret is the server's own.
      accessKeyId: ACCOUNT,
      log,
      env: {
        // The functions run on the first `node` in PATH.
        PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
        TMPDIR: folder,
        GATEWAY_PORT: String(port),
        BIND_HOST: "127.0.0.1",
        MINISTACK_HOST: "127.0.0.1",
        MINISTACK_ACCOUNT_ID: ACCOUNT,
        MINISTACK_REGION: REGION,
        AWS_ACCESS_KEY_ID: ACCOUNT,
        AWS_SECRET_ACCESS_KEY: SECRET,
        AUTH: "true",
      },
    });
    end.defer(async () => {
      const functions = await childrenOf(server.pid);
      await server[Symbol.asyncDispose]();
      for (const { pid } of functions) kill(pid);
    });
    return {
      ...server,
      folder,
      pidsOf: async (functionName) =>
        (await childrenOf(server.pid))
          .filter(({ command }) => command.includes(`-${functionName}-`))
          .map(({ pid }) => pid),
      lastWords: async () => (await readFile(logFile, "utf8")).split("\n").slice(-40).join("\n"),
      [Symbol.asyncDispose]: async () => end.disposeAsync(),
    };
  } catch (error) {
    await end.disposeAsync();
    throw error;
  }
}

/** `kill -9`. A process that has ended already is ignored. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface Child {
  readonly pid: number;
  readonly command: string;
}

async function childrenOf(parent: number): Promise<readonly Child[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, ppid, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(ppid) === parent ? [{ pid: Number(pid), command }] : [];
  });
}
