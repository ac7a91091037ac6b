/** Grafana's schemas and Prometheus' engine, each as the Go code of those who made it. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { json, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { installed } from "../../../bench/harness/installed.ts";

const run = promisify(execFile);
const SOURCES = ["go.mod", "main.go"] as const;
const source = (name: string): string => fileURLToPath(new URL(`checker/${name}`, import.meta.url));

const answers = z.array(
  z.object({ values: z.array(z.number()), error: z.string().optional(), annotations: z.array(z.string()) }),
);
export type Answer = z.infer<typeof answers>[number];

export interface Question {
  /** Series in the notation of Prometheus' own tests. */
  readonly load: string;
  /** When the queries are evaluated: since the first point of the series. */
  readonly seconds: number;
  readonly queries: readonly string[];
}

export class Checker {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  /** @returns what is wrong with the dashboard. Empty if nothing is. */
  async schemaErrors(file: string): Promise<string> {
    const child = spawn(this.#program, ["schema", file], { stdio: ["ignore", "inherit", "pipe"] });
    const [errors] = await Promise.all([text(child.stderr), once(child, "close")]);
    return errors;
  }

  /** @returns an answer to each query. */
  async query(question: Question): Promise<readonly Answer[]> {
    const child = spawn(this.#program, ["query"], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify(question));
    return answers.parse(await json(child.stdout));
  }
}

/** Builds the checker once, which takes a minute or two. @returns undefined if Go is missing. */
export async function installChecker(): Promise<Checker | undefined> {
  const version = await run("go", ["version"]).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
  if (version === undefined) return undefined;
  const sources = await Promise.all(SOURCES.map(async (name) => readFile(source(name), "utf8")));
  const folder = await installed("grafana-checker", [version, ...sources].join("\n"), async (cwd) => {
    await Promise.all(SOURCES.map(async (name) => copyFile(source(name), join(cwd, name))));
    await run("go", ["build", "-mod=mod", "-o", "checker", "."], { cwd });
  });
  return new Checker(join(folder, "checker"));
}
