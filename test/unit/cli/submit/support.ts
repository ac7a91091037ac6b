/** Runs `fetchonce submit` in this process, with a queue in memory, in a folder of its own. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { parseArguments } from "../../../../cli/get/arguments.ts";
import { submit } from "../../../../cli/submit/run.ts";
import type { BatchStore } from "../../../../cli/submit/make-batch.ts";
import type { SubmitArguments } from "../../../../cli/submit/arguments.ts";
import { UsageError } from "../../../../cli/terminal/usage-error.ts";
import type { BatchAnswer, BatchEntry, Job, SendBatch } from "../../../../core/producer/job.ts";
import { simulatedItems } from "../../../simulation/services/items.ts";
import { simulatedClock } from "../../../simulation/world.ts";
import { memoryFiles } from "../../core/batches/support.ts";

export const QUEUE_URL = "https://sqs.example.org/1/work";

export const taken = (entries: readonly BatchEntry[]): BatchAnswer => ({
  Successful: entries.map(({ Id }) => ({ Id })),
});

export function parsed(args: readonly string[]): SubmitArguments {
  const found = parseArguments(["submit", ...args], {}, "1.2.3");
  if (typeof found === "string" || found.command !== "submit") throw new TypeError("It is not the command submit.");
  return found;
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Bench {
  readonly folder: string;
  readonly stop = new AbortController();
  /** Every message that the queue took, in its order. */
  readonly jobs: Job[] = [];
  answer: SendBatch = async (entries) => taken(entries);
  readonly files = memoryFiles();
  readonly items = simulatedItems();
  /** Undefined: the deployment's release makes no batches. */
  store: BatchStore | undefined = { files: this.files, items: this.items, clock: simulatedClock() };

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

  /** To a queue alone. */
  async submit(args: readonly string[], input = ""): Promise<Ended> {
    return this.run(["--queue-url", QUEUE_URL, ...args], input);
  }

  /** To a deployment. */
  async submitTo(stack: string, args: readonly string[]): Promise<Ended> {
    return this.run(["--stack", stack, ...args], "");
  }

  async run(args: readonly string[], input: string): Promise<Ended> {
    const printed = { out: "", err: "" };
    const into = (name: "out" | "err"): PassThrough =>
      new PassThrough().on("data", (data: Buffer) => (printed[name] += data.toString()));
    const code = await submit(parsed(args), {
      stdin: Readable.from([input]),
      stdout: into("out"),
      stderr: into("err"),
      env: { XDG_STATE_HOME: this.folder },
      signal: this.stop.signal,
      addressesOf: async (stack) => {
        if (stack !== "fetchonce-prod") throw new UsageError("There is no stack.");
        const none = "not asked";
        const queues = { longQueueUrl: none, deadLetterQueueUrl: none, queueUrl: QUEUE_URL };
        const stores = { table: none, stagingBucket: none, contentBucket: none };
        return Promise.resolve({ stack, region: none, deployment: stack, ...queues, ...stores });
      },
      batchStoreAt: async () => Promise.resolve(this.store),
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
