/** The announcer beside a pipeline: the table's stream, the bundled function in a process of its own, and the bus. */
import { join } from "node:path";
import { type BusOptions, type EventBus, startEventBus } from "./event-bus.ts";
import { type StreamReader, type StreamReaderOptions, startStreamReader, TableStream } from "./table-stream.ts";
import { eventSourceOf, functionNamed } from "../lambda/functions.ts";
import { type LambdaPool, startLambdaPool } from "../lambda/lambda-pool.ts";
import type { Pipeline } from "../pipeline.ts";
import { makeResources } from "../template/resources.ts";
import { synthesize } from "../template/synth.ts";
import { outputOf } from "../template/template.ts";

export interface AnnouncerOptions
  extends Omit<BusOptions, "sqs">, Pick<StreamReaderOptions, "beginsAfter" | "losesCheckpoint" | "onTrouble"> {
  readonly announcements: "single" | "batched";
  /** Undefined: the template's. */
  readonly batchSize?: number;
}

export interface RunningAnnouncer {
  readonly bus: EventBus;
  readonly stream: TableStream;
  readonly reader: StreamReader;
  readonly pool: Pick<LambdaPool, "pids" | "kill">;
}

/** Starts before the pipeline has anything to do: the stream brings what is written from now on. */
export async function startAnnouncer(
  pipeline: Pick<Pipeline, "clients" | "environment" | "names">,
  options: AnnouncerOptions,
  cleanup: AsyncDisposableStack,
): Promise<RunningAnnouncer> {
  const { template, folder } = await synthesize();
  const resolve = await makeResources(template, pipeline.clients);
  const stream = cleanup.use(new TableStream(pipeline.names.table));
  const bus = await startEventBus({ ...options, sqs: pipeline.clients.sqs });
  cleanup.defer(async () => bus.stop());

  const name = outputOf(template, resolve, "AnnouncerFunctionName");
  const { asset, handler, timeoutMs, variables } = functionNamed(template, resolve, name);
  const [file = "", exportName = ""] = handler.split(".");
  const pool = await startLambdaPool(
    {
      name,
      modulePath: join(folder, asset, `${file}.mjs`),
      exportName,
      timeoutMs,
      environment: {
        ...pipeline.environment,
        ...variables,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
        ANNOUNCEMENTS: options.announcements,
      },
    },
    1,
  );
  cleanup.defer(async () => pool.stop(0));
  const source = eventSourceOf(template, resolve, name);
  const reader = startStreamReader({
    ...options,
    stream,
    source: { ...source, batchSize: options.batchSize ?? source.batchSize },
    invoke: async (event) => pool.invoke(event),
  });
  cleanup.defer(async () => reader.stop());
  return { bus, stream, reader, pool };
}
