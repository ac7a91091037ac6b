import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { answer } from "./lambda-protocol.ts";
import type { Request } from "./lambda-protocol.ts";
import { lineSplitter, sortLine } from "../../../local/shared/lines.ts";
import type { LineSinks } from "../../../local/shared/lines.ts";

const HOST_PROGRAM = fileURLToPath(new URL("lambda-host.ts", import.meta.url));
const STDERR_KEPT_BYTES = 4096;

export interface LambdaFunction extends LineSinks {
  readonly name: string;
  readonly modulePath: string;
  readonly exportName: string;
  readonly timeoutMs: number;
  /** The complete environment of the process: it inherits nothing. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One execution environment: a process that imports the handler once and runs one invocation at a time. */
export interface LambdaProcess {
  readonly pid: number;
  /** Settles once the handler is imported. Rejects if the process ends before that. */
  readonly ready: Promise<void>;
  /** Settles once the process has ended and all its output has been passed on. */
  readonly ended: Promise<void>;
  /** @throws Error if the handler threw or exceeded its time limit, or its process ended. */
  invoke(event: unknown): Promise<unknown>;
  isUsable(): boolean;
  /** Settles once no invocation is running. */
  idle(): Promise<void>;
  /** Ends the process at once, as a crash would. */
  kill(): void;
  /** Asks the process to exit by itself. */
  release(): void;
}

export function startLambdaProcess(lambda: LambdaFunction): LambdaProcess {
  const child = fork(HOST_PROGRAM, [lambda.modulePath, lambda.exportName], {
    env: lambda.environment,
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const pid = child.pid ?? 0;
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let running: { readonly id: string; readonly outcome: PromiseWithResolvers<unknown> } | undefined;
  let lastWords = "";
  let endedBecause: string | undefined;

  const lines = lineSplitter((line) => sortLine(line, pid, lambda));
  child.stdout?.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-STDERR_KEPT_BYTES);
  });

  child.on("message", (message) => {
    const said = answer.parse(message);
    if (said.kind === "ready") return ready.resolve();
    if (said.id !== running?.id) return;
    const { outcome } = running;
    running = undefined;
    if (said.kind === "result") outcome.resolve(said.result);
    else outcome.reject(new Error(`${lambda.name} threw ${said.error}`));
  });
  child.on("error", (error) => {
    endedBecause ??= error.message;
  });
  child.on("close", (code, signal) => {
    lines.end();
    endedBecause ??= signal ? `was ended by ${signal}` : `exited with code ${code}`;
    const error = new Error(`${lambda.name} (process ${pid}) ${endedBecause}.${lastWords ? `\n${lastWords}` : ""}`);
    ready.reject(error);
    running?.outcome.reject(error);
    running = undefined;
    ended.resolve();
  });
  ready.promise.catch(() => undefined);

  /** Needs no error handling: if the process ends before it reads the request, `close` rejects the outcome. */
  function send(request: Request): void {
    if (child.connected) child.send(request, () => undefined);
  }

  return {
    pid,
    ready: ready.promise,
    ended: ended.promise,
    invoke: async (event) => {
      if (endedBecause !== undefined) throw new Error(`${lambda.name} (process ${pid}) ${endedBecause}.`);
      const outcome = Promise.withResolvers<unknown>();
      running = { id: randomUUID(), outcome };
      const timer = setTimeout(() => {
        endedBecause = `ran for longer than its time limit of ${lambda.timeoutMs} ms and was killed`;
        child.kill("SIGKILL");
      }, lambda.timeoutMs);
      send({ id: running.id, event, deadlineMs: Date.now() + lambda.timeoutMs });
      return outcome.promise.finally(() => clearTimeout(timer));
    },
    isUsable: () => endedBecause === undefined && child.connected,
    idle: async () => {
      await running?.outcome.promise.catch(() => undefined);
    },
    kill: () => {
      child.kill("SIGKILL");
    },
    // Does not close the channel: after a disconnect by the parent, a ChildProcess never emits "close".
    release: () => send("exit"),
  };
}
