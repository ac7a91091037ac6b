import type { Readable } from "node:stream";
import { checkJob, type CheckedJob } from "../../core/producer/check-job.ts";
import { InvalidJobError } from "../../core/producer/errors.ts";
import type { Job } from "../../core/producer/job.ts";
import { shown } from "../input/entry/describe-problem.ts";
import type { InputProblem, Metadata } from "../input/entry/entry.ts";
import { readList } from "../input/read-input.ts";
import type { Reading } from "./arguments.ts";
import type { ListFile } from "./list-file.ts";

/** A line as a job, or what is wrong with it. */
export type Line =
  | {
      readonly job: Job;
      readonly checked: CheckedJob;
      /** The list's own, whether they go with the job or not. */
      readonly columns: Metadata | undefined;
    }
  | { readonly problems: readonly InputProblem[] };

/** The lines of a list, as many at a time as come in. A job of a list is checked as any producer's job is. */
export async function* linesOf(list: ListFile, reading: Reading, stdin: Readable): AsyncGenerator<readonly Line[]> {
  for await (const items of readList(list.source, reading, stdin))
    yield items.map((item) => {
      if ("reason" in item) return { problems: [item] };
      const { line, message, metadata } = item;
      const job: Job = metadata === undefined || !reading.metadata ? message : { ...message, metadata };
      try {
        return { job, checked: checkJob(job), columns: metadata };
      } catch (error) {
        if (!(error instanceof InvalidJobError)) throw error;
        return {
          problems: error.problems.map(({ field, reason }) => ({ line, field, reason, text: shown(message.url) })),
        };
      }
    });
}
