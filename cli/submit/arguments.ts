import { type Command, InvalidArgumentError } from "commander";
import type { ListFormat } from "../input/read-input.ts";
import { formatOption } from "../shared/format-option.ts";
import { NAME_IT, stackOption } from "../shared/stack.ts";
import { UsageError } from "../terminal/usage-error.ts";

/** How the lines of a list become jobs. */
export interface Reading {
  readonly format: ListFormat | undefined;
  readonly urlColumn: string | undefined;
  /** Whether the list's own columns go with the jobs. */
  readonly metadata: boolean;
}

export interface SubmitArguments {
  readonly command: "submit";
  /** A path, `s3://BUCKET/KEY`, or "-" for standard input. */
  readonly list: string;
  /** Undefined: nothing is to be sent. */
  readonly place: { readonly stack: string } | { readonly queueUrl: string } | undefined;
  readonly reading: Reading;
  readonly skipInvalid: boolean;
  /** Whether a batch is made of the list. Not without `--stack`. */
  readonly batch: boolean;
  /** The file that says how far the list was sent. Undefined: one in the user's folder for such files. */
  readonly progress: string | undefined;
  /** Sends the whole list, also what an earlier run has sent. */
  readonly again: boolean;
  readonly dryRun: boolean;
  readonly output: "progress" | "json";
}

interface Parsed {
  readonly stack?: string;
  readonly queueUrl?: string;
  readonly format?: ListFormat;
  readonly urlColumn?: string;
  readonly metadata: boolean;
  readonly batch: boolean;
  readonly skipInvalid?: true;
  readonly progress?: string;
  readonly again?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

const NOTES = `
Examples:
  fetchonce submit urls.txt --stack fetchonce-prod
  fetchonce submit rows.parquet --stack fetchonce-prod --dry-run     checks the list, and counts jobs and hosts
  fetchonce submit s3://bucket/list.csv.gz --stack fetchonce-prod
  crawl | fetchonce submit - --stack fetchonce-prod

Lists are those of fetchonce get. Nothing is sent unless every line is valid. Columns of your own go with the jobs as
their metadata, up to 1,024 bytes of JSON each, and come back in the announcements.

It may be stopped at any moment, by kill -9 too: the same command goes on where it stopped. Some messages are then sent
twice, which does no harm: they are the same jobs. A list is known by its bytes, so one that was changed is sent from
its start.

With --stack, the list becomes a batch: its lines are told of together, with a report when all have ended. The last line
names it, and fetchonce batch status says how far it is. The same list, read in the same way, is the same batch.

It needs sqs:SendMessage on the queue, cloudformation:DescribeStacks for --stack, and s3:GetObject for a list in S3.
For the batch it needs s3:PutObject on batches/* of the bucket of the batches and dynamodb:UpdateItem on the table.
AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL apply.

Exit code: 0 all sent, 1 the queue refused (nothing is lost: run it again), 2 wrong usage or an invalid line, 3 this
machine stopped it (a full disk, for example), 130 stopped.`;

/** Describes `fetchonce submit`. The arguments are passed to `found`. */
export function describeSubmit(command: Command, found: (parsed: SubmitArguments) => void): void {
  command
    .description("send every line of a list to a deployed system's queue")
    .argument("<LIST>", "the path of a list; s3://BUCKET/KEY; or - for a list on standard input")
    .addOption(stackOption().conflicts("queueUrl"))
    .option("--queue-url <URL>", "URL of the work queue, in the place of --stack", queueUrlIn)
    .addOption(formatOption())
    .option("--url-column <NAME>", "the list's column that holds the URL")
    .option("--no-metadata", "send none of the list's own columns")
    .option("--skip-invalid", "skip invalid lines of the list instead of sending nothing")
    .option("--no-batch", "make no batch of the list")
    .option("--dry-run", "check the list and count its jobs and hosts; send nothing")
    .option("--again", "send the whole list, also what an earlier run has sent")
    .option("--progress <FILE>", "keep in FILE how far the list was sent (default: in ~/.local/state/fetchonce)")
    .option("--json", "print a JSON document at the end, for programs")
    .addHelpText("after", NOTES)
    .action((list: string, options: Parsed) => found(argumentsOf(list, options)));
}

function argumentsOf(list: string, options: Parsed): SubmitArguments {
  const { dryRun = false, format, metadata, queueUrl, stack, urlColumn } = options;
  const place = stack !== undefined ? { stack } : queueUrl !== undefined ? { queueUrl } : undefined;
  if (place === undefined && !dryRun) throw new UsageError(`${NAME_IT}. In its place: --queue-url.`);
  return {
    command: "submit",
    list,
    place,
    reading: { format, urlColumn, metadata },
    skipInvalid: options.skipInvalid ?? false,
    batch: options.batch && stack !== undefined,
    progress: options.progress,
    again: options.again ?? false,
    dryRun,
    output: options.json ? "json" : "progress",
  };
}

function queueUrlIn(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new InvalidArgumentError("It must be the URL of a queue, such as https://sqs....");
}
