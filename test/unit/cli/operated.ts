import { PassThrough, Readable } from "node:stream";
import type { OperatorsDeps } from "../../../cli/operators/run.ts";
import { run } from "../../../cli/run.ts";
import type { AddressesOf } from "../../../cli/shared/stack.ts";
import { UsageError } from "../../../cli/terminal/usage-error.ts";
import { simulatedClock } from "../../simulation/world.ts";

/** An account with the stack fetchonce-prod alone. */
const oneStack: AddressesOf = async (stack) => {
  if (stack !== "fetchonce-prod") throw new UsageError(`There is no stack ${stack}.`);
  const queue = (name: string): string => `https://sqs.us-east-1.amazonaws.com/1/${name}`;
  return Promise.resolve({
    stack,
    region: "us-east-1",
    deployment: stack,
    table: "jobs-of-prod",
    queueUrl: queue("work"),
    urgentQueueUrl: queue("urgent"),
    longQueueUrl: queue("long"),
    deadLetterQueueUrl: queue("dead"),
    stagingBucket: "staging-of-prod",
    contentBucket: "content-of-prod",
    batchesBucket: "archive-of-prod",
  });
};

export interface Operated {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const notAsked = (): never => {
  throw new Error("AWS must not be asked.");
};

/** These parts of a deployment. Any other part must not be asked. */
export const operatorsDeps = (deps: Partial<OperatorsDeps>): OperatorsDeps => ({
  clock: simulatedClock(),
  userName: () => "ada",
  addressesOf: oneStack,
  tableOf: notAsked,
  batchesIn: notAsked,
  report: async () => Promise.resolve().then(notAsked),
  connect: notAsked,
  senderTo: notAsked,
  pagesOf: notAsked,
  depthOf: async () => Promise.resolve().then(notAsked),
  functionsOf: async () => Promise.resolve().then(notAsked),
  logs: { groupOf: async () => Promise.resolve().then(notAsked), page: async () => Promise.resolve().then(notAsked) },
  sign: async () => Promise.resolve().then(notAsked),
  indexPage: async () => Promise.resolve().then(notAsked),
  contentPage: async () => Promise.resolve().then(notAsked),
  bytesOf: async () => Promise.resolve().then(notAsked),
  countsOf: async () => Promise.resolve().then(notAsked),
  ...deps,
});

/** Runs the command line of fetchonce on these parts of a deployment. */
export async function operated(
  argv: readonly string[],
  deps: Partial<OperatorsDeps> = {},
  { signal } = new AbortController(),
): Promise<Operated> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const operators = operatorsDeps(deps);
  const code = await run(argv, { stdin: Readable.from([]), stdout, stderr, env: {}, signal, operators });
  return { code, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}
