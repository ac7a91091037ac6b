import type { StagingOwner } from "../transfer/transfer-deps.ts";
import {
  asJobError,
  HostWaitsError,
  LongJobError,
  OutOfTimeError,
  PermanentError,
  RetryableError,
  RunEndsError,
} from "../model/errors.ts";
import { contentKey, jobIdOf } from "../model/keys.ts";
import { untrackedMessage, type JobMessage } from "../model/message.ts";
import { cleanStaging } from "./clean-staging.ts";
import type { JobEnd } from "./process-job.ts";
import { ownHeaders } from "./own-headers.ts";
import type { Transfer } from "../model/record.ts";
import { wantedBy } from "./wanted.ts";
import { publishStaged } from "./publish.ts";
import { tellTrouble } from "./tell-trouble.ts";
import { retryDelayMs } from "./retry.ts";
import { transferBody } from "../transfer/transfer.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Prefix in the name of what this path stages. No record ever refers to it. */
export const UNGUARDED_PREFIX = "plain-";

/**
 * The path of jobs that the gate does not admit: download, verify, publish at the content address. No lease, no ledger,
 * no index. A job that fails for good goes to the dead-letter queue, because it has no record to hold the reason.
 * A local worker recognizes the log messages "published" and "refused" (`local/worker/observed-telemetry.ts`).
 */
export async function processUnguarded(
  deps: WorkerDeps,
  message: JobMessage,
  receiveCount: number,
  outOfTime: AbortSignal,
): Promise<JobEnd> {
  const { hosts, queue, random, settings, telemetry } = deps;
  const jobId = jobIdOf(message);
  try {
    await publishUnguarded(deps, jobId, message, outOfTime);
    return { kind: "done" };
  } catch (thrown) {
    const error = asJobError(thrown);
    tellTrouble(telemetry, { jobId, attempt: receiveCount }, error);
    if (error instanceof RunEndsError) {
      telemetry.log("warn", "The run ends. The next run starts the job over.", { job_id: jobId }, error);
      return { kind: "return", delayMs: 0 };
    }
    if (error instanceof LongJobError) {
      telemetry.log("info", "A long job begins anew in the long lane.", { job_id: jobId, url: message.url }, error);
      return { kind: "again", delayMs: 0, message: { ...untrackedMessage(message), lane: "long" } };
    }
    if (error instanceof OutOfTimeError) return { kind: "return", delayMs: 0 };
    if (!(error instanceof PermanentError) && receiveCount < settings.retry.maxAttempts) {
      if (error instanceof HostWaitsError) hosts.sentAway(error.host, error.reason);
      const retryAfterMs = error instanceof RetryableError ? error.retryAfterMs : undefined;
      return { kind: "return", delayMs: retryDelayMs(settings.retry, receiveCount, random.fraction(), retryAfterMs) };
    }
    await queue.sendToDeadLetters(JSON.stringify(message), error.reason);
    telemetry.log("error", "refused", { job_id: jobId, url: message.url, reason: error.reason });
    return { kind: "done" };
  }
}

async function publishUnguarded(
  deps: WorkerDeps,
  jobId: string,
  message: JobMessage,
  outOfTime: AbortSignal,
): Promise<void> {
  const owner: StagingOwner = {
    jobId,
    stagedBy: `${UNGUARDED_PREFIX}${deps.random.uniqueId()}`,
    checkpoint: undefined,
    keepsCheckpoints: false,
    saveCheckpoint: async () => undefined,
    noteResumed: () => undefined,
  };
  const signal = AbortSignal.any([deps.visit.lost, outOfTime]);
  const transfer = await transferFromSources(deps, owner, message, signal);
  try {
    await publishStaged(deps, jobId, transfer, signal);
  } finally {
    await cleanStaging(deps, { jobId, unfinished: undefined, stagedBy: transfer.placed ? [] : [transfer.stagedBy] });
  }
  deps.telemetry.log("info", "published", {
    job_id: jobId,
    sha256: transfer.sha256,
    bytes: transfer.bytes,
    key: contentKey(transfer.sha256),
    content_type: transfer.contentType,
  });
}

/** From the URL, or from the first mirror that delivers. */
async function transferFromSources(
  deps: WorkerDeps,
  owner: StagingOwner,
  message: JobMessage,
  signal: AbortSignal,
): Promise<Transfer> {
  const { mirrors = [], url } = message;
  const wanted = wantedBy(message.sha256, message);
  let trouble: unknown;
  for (const source of [url, ...mirrors]) {
    try {
      const ownHeadersOfIt = await ownHeaders(deps.secrets, message, source, source !== url);
      return await transferBody(deps, owner, {
        url: source,
        ownHeaders: ownHeadersOfIt,
        wanted,
        announcedBytes: undefined,
        signal,
      });
    } catch (error) {
      trouble ??= error;
      if (!(error instanceof PermanentError || error instanceof RetryableError)) throw error;
    }
  }
  throw trouble;
}
