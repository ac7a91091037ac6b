/** Runs `fetchonce submit` in this process, with a queue in memory, in a folder of its own. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { parseArguments } from "../../../../cli/get/arguments.ts";
import { submit } from "../../../../cli/submit/run.ts";
import type { SubmitArguments } from "../../../../cli/submit/arguments.ts";
import { UsageError } from "../../../../cli/terminal/usage-error.ts";
import type { BatchAnswer, BatchEntry, Job, SendBatch } from "../../../../core/producer/job.ts";

export const QUEUE_URL = "https://sqs.example.org/1/work";

export const taken = (entries: readonly BatchEntry[]): BatchAnswer => ({
  Successful: entries.map(({ Id }) => ({ Id })),
});

export function parsed(args: readonly string[]): SubmitArguments {
  const found = parseArguments(["submit", ...args], {}, "1.2.3");
  if (typeof found === "string" || found.command !== "submit") throw new TypeError("It is not the command submit.");
  return found;
}

export class Bench {
  readonly folder: string;
  readonly stop = new AbortController();
  /** Every message that the queue took, in its order. */
  readonly jobs: Job[] = [];
  answer: SendBatch = async (entries) => taken(entries);

  constructor(folder = mkdtempSync(join(tmpdir(), "fetchonce-submit-test-"))) {
    this.folder = folder;
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  }

  list(name: string, lines: readonly string[]): string {
    const path = join(this.folder, name);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
    return path;
  }

  /** The files that say how far lists were sent. */
  progressFiles(): readonly string[] {
    const folder = join(this.folder, "fetchonce/submit");
    return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  }

  async submit(args: readonly string[], input = ""): Promise<{ code: number; out: string; err: string }> {
    const printed = { out: "", err: "" };
    const into = (name: "out" | "err"): PassThrough =>
      new PassThrough().on("data", (data: Buffer) => (printed[name] += data.toString()));
    const code = await submit(parsed(["--queue-url", QUEUE_URL, ...args]), {
      stdin: Readable.from([input]),
      stdout: into("out"),
      stderr: into("err"),
      env: { XDG_STATE_HOME: this.folder },
      signal: this.stop.signal,
      addressesOf: async () => {
        throw new UsageError("There is no stack.");
      },
      queueAt: async () => async (entries) => {
        const answer = await this.answer(entries);
        const ids = new Set(answer.Successful?.map(({ Id }) => Id));
        this.jobs.push(
          ...entries.filter(({ Id }) => ids.has(Id)).map(({ MessageBody }) => JSON.parse(MessageBody) as Job),
        );
        return answer;
      },
    });
    return { code, ...printed };
  }
}

export const urls = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `https://host-${(from + index) % 3}.example/${from + index}.bin`);
