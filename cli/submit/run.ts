import type { Readable, Writable } from "node:stream";
import { MachineTroubleError } from "../../adapters/local/machine-trouble.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import type { SendBatch } from "../../core/producer/job.ts";
import { Problems } from "../input/problems.ts";
import { plural } from "../shared/words.ts";
import type { AddressesOf } from "../shared/stack.ts";
import { EXIT } from "../terminal/exit.ts";
import { keepHeapForRequests } from "../terminal/small-heap.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { Output } from "../view/view.ts";
import type { SubmitArguments } from "./arguments.ts";
import { linesOf } from "./jobs.ts";
import { ListFile } from "./list-file.ts";
import { batchIdOf, BatchRecorder, type BatchStore } from "./make-batch.ts";
import { describeOutcome, documentOf, nameOf, type Outcome } from "./outcome.ts";
import {
  beginning,
  isDone,
  ProgressFile,
  readingText,
  usualPath,
  type Progress,
  type Purpose,
} from "./progress-file.ts";
import { s3List } from "./s3-list.ts";
import { send } from "./send.ts";
import { sleeper } from "../terminal/sleeper.ts";
import { describeHosts, surveyOf, type Survey } from "./survey.ts";
import { tellingTrouble } from "./trouble.ts";
import { plainView, silentView, terminalView, type Status, type SubmitView } from "./view.ts";

export interface SubmitSurroundings {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Writable;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Aborted when the user stops the command. */
  readonly signal: AbortSignal;
  readonly addressesOf: AddressesOf;
  readonly queueAt: (queueUrl: string, env: Readonly<NodeJS.ProcessEnv>) => Promise<SendBatch>;
  readonly batchStoreAt: (
    addresses: Awaited<ReturnType<AddressesOf>>,
    env: Readonly<NodeJS.ProcessEnv>,
  ) => Promise<BatchStore | undefined>;
}

const REFRESH_EVERY_MS = 200;

/** Sends a list to the queue of a deployed system. @returns the exit code. */
export async function submit(args: SubmitArguments, surroundings: SubmitSurroundings): Promise<number> {
  const { signal, stderr } = surroundings;
  keepHeapForRequests();
  try {
    const source = s3List(args.list, surroundings.env, sleeper(signal)) ?? args.list;
    const list = await ListFile.open(source, surroundings.stdin, signal);
    try {
      return await new Submission(list, args, surroundings).run();
    } finally {
      await list[Symbol.asyncDispose]();
    }
  } catch (error) {
    const { exit, text } = signal.aborted ? STOPPED : describe(error);
    stderr.write(`${text}\n`);
    return exit;
  }
}

const STOPPED = { exit: EXIT.interrupted, text: "Stopped. Run the same command again to go on." };

function describe(error: unknown): { readonly exit: number; readonly text: string } {
  if (error instanceof UsageError) return { exit: EXIT.wrongUsage, text: error.message };
  if (error instanceof MachineTroubleError)
    return {
      exit: EXIT.machine,
      text:
        `Stopped: ${error.sentence}\nNothing is lost. Mend it, or name another file with --progress. ` +
        "Then run the same command again.",
    };
  const said = error instanceof Error ? error.message : String(error);
  return {
    exit: EXIT.failed,
    text: `Stopped: ${said}\nNothing is lost. Remove the cause, then run the command again.`,
  };
}

class Submission {
  readonly #list: ListFile;
  readonly #args: SubmitArguments;
  readonly #surroundings: SubmitSurroundings;
  readonly #view: SubmitView;
  /** Undefined: an earlier run has looked through the list. */
  #survey: Survey | undefined;

  constructor(list: ListFile, args: SubmitArguments, surroundings: SubmitSurroundings) {
    const { stdout } = surroundings;
    this.#list = list;
    this.#args = args;
    this.#surroundings = surroundings;
    this.#view = args.output === "json" ? silentView : stdout.isTTY ? terminalView(stdout) : plainView(stdout);
  }

  async run(): Promise<number> {
    const { again, dryRun, place, progress: path, reading } = this.#args;
    const { addressesOf, env } = this.#surroundings;
    if (place === undefined || dryRun) return this.#dryRun();
    const addresses = "stack" in place ? await addressesOf(place.stack) : undefined;
    const { queueUrl } = addresses ?? (place as Extract<typeof place, { readonly queueUrl: string }>);
    const purpose = { id: this.#list.id, name: this.#name, queueUrl, reading };
    const file = new ProgressFile(path ?? usualPath(purpose, env));
    const earlier = file.read(purpose, again);
    if (earlier && isDone(earlier)) return this.#tellDone(earlier);
    const sendBatch = await this.#surroundings.queueAt(queueUrl, env);
    // Its clients take memory, and are of no use once the batch is made.
    const mayMake = this.#args.batch && earlier?.batch === undefined;
    const store = addresses && mayMake ? await this.#surroundings.batchStoreAt(addresses, env) : undefined;
    return this.#send(sendBatch, file, await this.#begun(earlier, file, store, purpose));
  }

  /** Where the sending begins. A list that an earlier run has looked through is not looked through again. */
  async #begun(
    earlier: Progress | undefined,
    file: ProgressFile,
    store: BatchStore | undefined,
    purpose: Purpose,
  ): Promise<Progress> {
    const batch = store && { id: batchIdOf(this.#list.id, readingText(purpose.reading)), name: this.#name };
    const isLookedThrough = earlier && (earlier.invalid_lines === 0 || this.#args.skipInvalid);
    if (isLookedThrough)
      this.#view.say(`Going on: ${earlier.sent} of ${plural(earlier.jobs, "job")} of ${this.#name} were sent before`);
    if (isLookedThrough && (earlier.batch !== undefined || !batch)) return earlier;
    // The batch is whole before any of its jobs is sent.
    const recorder = store && batch && new BatchRecorder(store, batch);
    const { invalid, survey } = await this.#look(recorder);
    await recorder?.finish();
    await this.#checkUnchanged();
    const begun = isLookedThrough ? earlier : beginning(purpose, survey.jobs, invalid);
    const progress = batch ? { ...begun, batch: batch.id } : begun;
    await file.write(progress);
    if (!isLookedThrough) this.#view.say(`${this.#name}: ${plural(survey.jobs, "job")} of ${describeHosts(survey)}`);
    return progress;
  }

  /** @throws UsageError if nothing may be sent. */
  async #look(recorder?: BatchRecorder): Promise<{ readonly survey: Survey; readonly invalid: number }> {
    const { signal, stderr } = this.#surroundings;
    const problems = new Problems(this.#name, (line) => {
      this.#view.close();
      stderr.write(`${line}\n`);
    });
    let done = 0;
    const lines = recorder ? recorder.through(this.#lines()) : this.#lines();
    const looking = surveyOf(lines, problems, signal, (jobs) => (done = jobs));
    const survey = await this.#shown(looking, () => ({ done, total: undefined }));
    const invalid = problems.count;
    if (invalid > 0 && !this.#args.skipInvalid)
      throw new UsageError(
        `Nothing was sent: ${this.#name} has ${plural(invalid, "invalid line")}. ` +
          "Correct it, or add --skip-invalid to go on without such lines.",
      );
    if (survey.jobs === 0)
      throw new UsageError(
        `Nothing was sent: no line of ${this.#name} is valid. Correct it, and run the command again.`,
      );
    this.#survey = survey;
    return { survey, invalid };
  }

  async #send(sendBatch: SendBatch, file: ProgressFile, begun: Progress): Promise<number> {
    const { signal } = this.#surroundings;
    const startedMs = performance.now();
    let done = begun.sent;
    const sending = send(this.#lines(), {
      sendBatch: tellingTrouble(sendBatch, signal, (line) => this.#view.say(line)),
      from: begun.sent,
      save: async (sent) => {
        await this.#checkUnchanged();
        await file.write({ ...begun, sent });
      },
      onSent: (sent) => (done = sent),
      signal,
      random: () => systemRandom.fraction(),
      sleep: sleeper(signal),
    });
    const { count, mark, refused } = await this.#shown(sending, () => ({ done, total: begun.jobs }));
    const progress = { ...begun, sent: mark };
    this.#tell({ progress, count, refused, elapsedMs: performance.now() - startedMs });
    if (isDone(progress)) return EXIT.done;
    return refused === undefined ? EXIT.interrupted : EXIT.failed;
  }

  async #checkUnchanged(): Promise<void> {
    if (!(await this.#list.isChanged())) return;
    throw new Error(
      `${this.#name} was changed while it was sent. The next run sends it as it is then, from its start.`,
    );
  }

  async #dryRun(): Promise<number> {
    const { stdout } = this.#surroundings;
    const { invalid, survey } = await this.#look();
    const { id } = this.#list;
    if (this.#args.output === "json")
      stdout.write(
        `${JSON.stringify({ id, list: this.#name, jobs: survey.jobs, hosts: survey.hosts.size, invalid_lines: invalid })}\n`,
      );
    else
      this.#view.say(
        `${this.#name}: ${plural(survey.jobs, "job")} of ${describeHosts(survey)}. Nothing was sent.\nId: ${id}`,
      );
    return EXIT.done;
  }

  #tellDone(progress: Progress): number {
    if (this.#args.output === "json") this.#tell({ progress, count: 0, refused: undefined, elapsedMs: 0 });
    else
      this.#view.say(
        `All ${plural(progress.jobs, "job")} of ${this.#name} were sent already. ` +
          `To send them once more, add --again.\n${nameOf(progress)}`,
      );
    return EXIT.done;
  }

  #tell(outcome: Outcome): void {
    const { stdout } = this.#surroundings;
    if (this.#args.output === "json")
      stdout.write(`${JSON.stringify(documentOf(outcome, this.#survey?.hosts.size))}\n`);
    else for (const line of describeOutcome(outcome)) this.#view.say(line);
  }

  /** Shows how far something is until it has ended. */
  async #shown<T>(work: Promise<T>, status: () => Omit<Status, "atMs">): Promise<T> {
    const refreshing = setInterval(
      () => this.#view.refresh({ ...status(), atMs: performance.now() }),
      REFRESH_EVERY_MS,
    );
    try {
      return await work;
    } finally {
      clearInterval(refreshing);
      this.#view.close();
    }
  }

  #lines(): ReturnType<typeof linesOf> {
    return linesOf(this.#list, this.#args.reading, this.#surroundings.stdin);
  }

  get #name(): string {
    return this.#list.source.name;
  }
}
