/** Arguments of commands that do something with jobs: with one, with a batch's, or with all that are alike. */
import { type Command, Option } from "commander";
import { UsageError } from "../terminal/usage-error.ts";
import { batchId, checkAges, duration, hostOf } from "./job-options.ts";
import { type JobReference, jobReference, type ReferenceOptions, withOptionalJob } from "./job-reference.ts";
import { stackOption } from "./stack.ts";

interface Placed {
  readonly stack: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Which of many jobs. */
export interface Chosen {
  /** As in a URL: in lower case, with its port unless it is the usual one. */
  readonly host?: string;
  readonly work?: string;
}

/** Times since the job was planned, in ms. */
interface Ages {
  readonly olderThan?: number;
  readonly newerThan?: number;
}

export type Selection = Placed &
  (
    | { readonly of: "job"; readonly job: JobReference }
    | ({ readonly of: "batch"; readonly batch: string } & Chosen)
    | ({ readonly of: "table" } & Chosen & Ages)
  );

type Options = Placed & Chosen & Ages & ReferenceOptions & { readonly batch?: string };

/** @param verb for the sentence that asks what is meant: `cancel`. */
export function describeSelection(command: Command, verb: string, found: (parsed: Selection) => void): void {
  withOptionalJob(command, "or only jobs of this work_id, if none is given")
    .addOption(stackOption().makeOptionMandatory())
    .addOption(new Option("--batch <ID>", "the jobs of this batch, as submit prints its id").argParser(batchId))
    .option("--host <HOST>", "only jobs whose URL has this host", hostOf)
    .option("--older-than <TIME>", "only jobs that were planned longer ago than this, such as 90m or 7d", duration)
    .option("--newer-than <TIME>", "only jobs that were planned within this time", duration)
    .option("--dry-run", "only list them; change nothing")
    .option("--json", "as JSON lines, for programs")
    .allowExcessArguments(false)
    .action((job: string | undefined, options: Options) => {
      checkAges(options);
      found(chosen(job, options, verb));
    });
}

/** @throws UsageError if nothing is chosen, or several things that do not go together. */
function chosen(job: string | undefined, options: Options, verb: string): Selection {
  const { artifact, batch, dryRun, host, identity, json, newerThan, olderThan, refresh, stack, work } = options;
  const placed = { stack, ...(dryRun && { dryRun }), ...(json && { json }) };
  const ages = { ...(olderThan !== undefined && { olderThan }), ...(newerThan !== undefined && { newerThan }) };
  const some = { ...(host !== undefined && { host }), ...(work !== undefined && { work }) };
  const isAged = Object.keys(ages).length > 0;
  if (job !== undefined) {
    if (batch !== undefined || host !== undefined || isAged)
      throw new UsageError("Name a job, or give --batch, --host or an age. Together they have no meaning.");
    return { ...placed, of: "job", job: jobReference(job, options) };
  }
  if ((artifact ?? identity ?? refresh) !== undefined)
    throw new UsageError("--artifact, --identity and --refresh name a job together with its URL. Give the URL too.");
  if (batch !== undefined) {
    if (isAged)
      throw new UsageError("--batch knows no ages: jobs that have not begun have none. Leave one of them out.");
    return { ...placed, of: "batch", batch, ...some };
  }
  if (!isAged && Object.keys(some).length === 0)
    throw new UsageError(
      `Say what to ${verb}: a job's id or URL, --batch, --host, --work, --older-than or --newer-than.`,
    );
  return { ...placed, of: "table", ...some, ...ages };
}
