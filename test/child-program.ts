import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { present } from "../core/model/present.ts";

/** A path of the repository, as a program that is not in a file imports it. */
export const moduleOf = (path: string): string => JSON.stringify(new URL(`../${path}`, import.meta.url).href);

export const nodeArguments = (program: string, args: readonly string[]): readonly string[] => [
  "--disable-warning=ExperimentalWarning",
  "--input-type=module-typescript",
  "--eval",
  program,
  "--",
  ...args,
];

/** A process that runs a program in TypeScript, and talks to the test in lines. */
export class ChildProgram implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #last = "";

  /** `through` is a command that runs the program, with its first arguments. */
  constructor(program: string, args: readonly string[] = [], through: readonly string[] = []) {
    const [command = process.execPath, ...rest] = [...through, process.execPath, ...nodeArguments(program, args)];
    this.#process = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
    const output = present(this.#process.stdout ?? undefined, "a pipe");
    this.#lines = createInterface({ input: output })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return present(this.#process.pid, "a process id");
  }

  /** The next line that it prints. @throws if it ended before. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("The program has ended.");
    this.#last = value;
    return value;
  }

  /** The newest line that it printed, as soon as that one matches. */
  async untilLine(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#last)) await this.line();
    return this.#last;
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended();
  }

  /** @returns its exit code; null if it was killed. */
  async ended(): Promise<number | null> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) await once(this.#process, "exit");
    return this.#process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
