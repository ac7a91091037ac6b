/** The commands of an operator, run as programs in the account of a running pipeline. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { Command } from "./get/support.ts";
import type { Run } from "./support.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface Commands {
  /** Is removed when the test has finished. */
  readonly folder: string;
  readonly begin: (...args: readonly string[]) => Command;
  /** @returns what it has printed, if it exits with 0. */
  readonly done: (...args: readonly string[]) => Promise<string>;
  readonly statusOf: (batchId: string) => Promise<Json>;
}

export async function commandsOf(run: Run): Promise<Commands> {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-commands-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const env = { ...run.pipeline.environment, XDG_STATE_HOME: folder };
  const on = ["--stack", run.pipeline.names.stack];
  const begin: Commands["begin"] = (...args) => new Command([...args, ...on], { env, input: "" });
  const done: Commands["done"] = async (...args) => {
    const ended = await begin(...args).ended();
    expect({ args, ...ended }).toMatchObject({ code: 0 });
    return ended.stdout;
  };
  const statusOf: Commands["statusOf"] = async (id) => JSON.parse(await done("batch", "status", id, "--json")) as Json;
  return { folder, begin, done, statusOf };
}
