import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { isTerminal } from "../../core/model/states.ts";
import type { Pipeline } from "./pipeline.ts";
import { until } from "./until.ts";

const RECORDS_A_LOOK = 100;

export type JobRecords = ReadonlyMap<string, JobRecord>;

/** Runs jobs on a pipeline, and follows their records until all have ended. */
export class Jobs {
  readonly #pipeline: Pick<Pipeline, "clients" | "names" | "submit" | "depth">;
  readonly #longestWaitMs: number;

  constructor(pipeline: Pick<Pipeline, "clients" | "names" | "submit" | "depth">, longestWaitMs: number) {
    this.#pipeline = pipeline;
    this.#longestWaitMs = longestWaitMs;
  }

  /** Submits the messages. @returns the records, once all jobs are terminal and their messages are gone. */
  async run(messages: readonly JobMessage[]): Promise<JobRecords> {
    await this.#pipeline.submit(messages);
    const records = await this.untilTerminal(messages.map(jobIdOf));
    await this.untilQueueIsEmpty();
    return records;
  }

  /** The records that the table holds of these jobs, by job id. */
  async records(jobIds: readonly string[]): Promise<JobRecords> {
    const items = dynamoItems(this.#pipeline.clients.dynamodb, this.#pipeline.names.table);
    const found = new Map<string, JobRecord>();
    for (let start = 0; start < jobIds.length; start += RECORDS_A_LOOK) {
      const page = await items.readMany(jobIds.slice(start, start + RECORDS_A_LOOK).map(jobItemKey));
      for (const record of [...page.values()].map(decodeJob)) found.set(record.jobId, record);
    }
    return found;
  }

  /** @param onLook is called with all records at every look. */
  async untilTerminal(
    jobIds: readonly string[],
    onLook: (records: JobRecords) => void = () => undefined,
  ): Promise<JobRecords> {
    let records: JobRecords = new Map();
    await until("every job is terminal", this.#longestWaitMs, async () => {
      records = await this.records(jobIds);
      onLook(records);
      const open = [...new Set(jobIds)].filter((jobId) => !isTerminal(records.get(jobId)?.state ?? "PLANNED"));
      const [first] = open;
      const url = first && records.get(first)?.url;
      return first && `${open.length} open; ${first} is ${records.get(first)?.state ?? "unknown"} ${url ?? ""}`;
    });
    return records;
  }

  /** Waits until no message is visible, in flight, or delayed. */
  async untilQueueIsEmpty(): Promise<void> {
    await until("the queue is empty", this.#longestWaitMs, async () => {
      const { visible, inFlight, delayed } = await this.#pipeline.depth();
      return visible + inFlight + delayed === 0 ? undefined : JSON.stringify({ visible, inFlight, delayed });
    });
  }
}
