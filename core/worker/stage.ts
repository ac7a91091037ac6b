import { PermanentError, RetryableError } from "../model/errors.ts";
import { decodeTransfer, encodeTransfer } from "../model/record-codec.ts";
import type { JobRecord, Transfer } from "../model/record.ts";
import { headStep, streamStep } from "../model/steps.ts";
import { probeOrigin } from "../origin/probe.ts";
import { transferBody } from "../transfer/transfer.ts";
import { generationBefore } from "./generations.ts";
import type { LeasedJob } from "./leased-job.ts";
import { ownHeaders } from "./own-headers.ts";
import { wantedBy } from "./wanted.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** A URL of the job's file. */
interface Source {
  readonly url: string;
  /** What the operations and the checkpoint call it. A signature that is renewed does not change it. */
  readonly name: string;
  /** Undefined: the job's own URL. */
  readonly mirror: string | undefined;
}

const sourcesOf = ({ order, url }: JobRecord): readonly Source[] => [
  { url, name: order?.identity ?? url, mirror: undefined },
  ...(order?.mirrors ?? []).map((mirror) => ({ url: mirror, name: mirror, mirror })),
];

/**
 * HEAD and STREAM, from the first source that delivers. A source at which a transfer has got somewhere is not left
 * within the attempt: the next one goes on there, if it has not failed without progress.
 * @throws what the sources were refused with: if one of them may deliver later, its error.
 */
export async function stageFromSources(deps: WorkerDeps, job: LeasedJob, signal: AbortSignal): Promise<Transfer> {
  const troubles: (PermanentError | RetryableError)[] = [];
  for (const source of inOrder(job)) {
    try {
      return await stageFrom(deps, job, source, signal);
    } catch (error) {
      if (!isOfSource(error)) throw error;
      troubles.push(error);
      const isBegun = job.checkpoint !== undefined && job.checkpoint.mirror === source.mirror;
      if (isBegun && error instanceof RetryableError) break;
    }
  }
  const [first] = troubles;
  throw troubles.find((trouble) => trouble instanceof RetryableError) ?? first;
}

/** A fault of ours is none of the source's. */
const isOfSource = (error: unknown): error is PermanentError | RetryableError =>
  (error instanceof PermanentError || error instanceof RetryableError) && error.failureClass !== "system";

/** First the source whose body is staged; else the one with the checkpoint, unless it failed without progress. */
function inOrder(job: LeasedJob): readonly Source[] {
  const sources = sourcesOf(job.record);
  const staged = sources.findIndex(({ name }) => isStaged(job, name));
  const { checkpoint } = job;
  const begun = checkpoint ? sources.findIndex(({ mirror }) => checkpoint.mirror === mirror) : -1;
  const fruitless = begun < 0 ? 0 : job.record.strikes - 1;
  const first = staged >= 0 ? staged : (Math.max(0, begun) + fruitless) % sources.length;
  return [...sources.slice(first), ...sources.slice(0, first)];
}

function isStaged(job: LeasedJob, name: string): boolean {
  const head = job.recorded(headStep(name));
  if (head?.status !== "DONE") return false;
  return job.recorded(streamStep(name, String(head.result?.["validator"])))?.status === "DONE";
}

async function stageFrom(deps: WorkerDeps, job: LeasedJob, source: Source, signal: AbortSignal): Promise<Transfer> {
  const { ledger, secrets } = deps;
  const { expectedSha256, order } = job.record;
  const { mirror, name, url } = source;
  const headers = async (): Promise<Readonly<Record<string, string>>> =>
    ownHeaders(secrets, order, url, mirror !== undefined);
  const probe = await ledger.run(job, headStep(name), async () =>
    probeOrigin(deps, { url, ownHeaders: await headers(), signal }),
  );
  const { bytes, validator } = probe;
  const staged = await ledger.run(job, streamStep(name, String(validator)), async () => {
    const before = await generationBefore(deps, job.record);
    return encodeTransfer(
      await transferBody(deps, job, {
        url,
        mirror,
        ownHeaders: await headers(),
        wanted: wantedBy(expectedSha256, order),
        announcedBytes: typeof bytes === "number" ? bytes : undefined,
        before,
        signal,
      }),
    );
  });
  return decodeTransfer(staged);
}
