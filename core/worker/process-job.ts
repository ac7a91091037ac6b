import { cleanStaging } from "./clean-staging.ts";
import {
  asJobError,
  HostWaitsError,
  LeaseLostError,
  LongJobError,
  OutOfTimeError,
  PermanentError,
  RetryableError,
  RunEndsError,
  StagedObjectGoneError,
  UploadGoneError,
  type JobError,
} from "../model/errors.ts";
import { OriginDigestError } from "../origin/announced-digests.ts";
import { messageOf, type OutgoingMessage } from "../model/message.ts";
import type { LeasedJob } from "./leased-job.ts";
import { indexContent, publishStaged } from "./publish.ts";
import { tellTrouble } from "./tell-trouble.ts";
import { retryDelayMs } from "./retry.ts";
import { becomeLatest } from "./generations.ts";
import { finalizeStep, indexStep } from "../model/steps.ts";
import { stageFromSources } from "./stage.ts";
import { watchFence } from "./watch-fence.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** What happens to the message. */
export type JobEnd =
  /** The message is not needed: the job is terminal, or its record alone brings it back. */
  | { readonly kind: "done" }
  /** A new message, by default a tracked one, brings the job back after the delay. Its receives are counted anew. */
  | { readonly kind: "again"; readonly delayMs: number; readonly message?: OutgoingMessage }
  /** The same message comes back after the delay, because its count of receives is the count of attempts. */
  | { readonly kind: "return"; readonly delayMs: number };

/** If the reconciler watches the job, it sends a new message if the holder dies. Else this message has to come back. */
export const leaveToHolder = (unwatchedUntilMs: number | undefined, nowMs: number): JobEnd =>
  unwatchedUntilMs === undefined
    ? { kind: "done" }
    : { kind: "return", delayMs: Math.max(0, unwatchedUntilMs - nowMs) };

/** Takes a leased job as far as possible, from whatever state it is in. Never throws. */
export async function processJob(deps: WorkerDeps, job: LeasedJob, outOfTime: AbortSignal): Promise<JobEnd> {
  const stopLooking = watchFence(deps, job);
  try {
    await advance(deps, job, outOfTime);
    return { kind: "done" };
  } catch (error) {
    return await endAfterError(deps, job, asJobError(error));
  } finally {
    stopLooking();
    job.stop();
  }
}

async function advance(deps: WorkerDeps, job: LeasedJob, outOfTime: AbortSignal): Promise<void> {
  const { ledger, settings } = deps;
  const { jobId, record } = job;
  if (record.strikes > settings.retry.maxAttempts) throw exhausted(record.reason ?? "worker_crashed", "system");
  const signal = AbortSignal.any([job.lost, deps.visit.lost, outOfTime]);

  const transfer = await stageFromSources(deps, job, signal);

  const finalized = await ledger.run(job, finalizeStep(transfer), async () => ({
    outcome: await publishStaged(deps, jobId, transfer, signal),
  }));

  // FINALIZED is recorded: no later holder of the job needs the staging object again.
  const { checkpoint } = job.record;
  await cleanStaging(deps, {
    jobId,
    unfinished: checkpoint?.stagedBy === transfer.stagedBy ? undefined : checkpoint,
    stagedBy: transfer.isUnchanged || transfer.placed ? [] : [transfer.stagedBy],
  });
  const type = finalized["outcome"] === "exists" ? "DEDUPE" : "INDEX";
  await ledger.run(job, indexStep(type, transfer.sha256), async () => {
    const outcome = await indexContent(deps, jobId, transfer);
    await becomeLatest(deps, job.record);
    return { outcome };
  });
}

const exhausted = (reason: string, failureClass: RetryableError["failureClass"]): PermanentError =>
  new PermanentError(`retries_exhausted:${reason}`, failureClass);

async function endAfterError(deps: WorkerDeps, job: LeasedJob, error: JobError): Promise<JobEnd> {
  if (error instanceof LeaseLostError) return leftToOthers(job);
  const attempted = { jobId: job.jobId, attempt: Math.max(1, job.record.strikes) };
  tellTrouble(deps.telemetry, attempted, error);
  try {
    if (error instanceof OutOfTimeError) return await handOn(deps, job);
    if (error instanceof LongJobError) return await handOver(deps, job, error);
    if (error instanceof RunEndsError) return await giveBack(deps, job, error);
    if (error instanceof PermanentError) return await fail(deps, job, error);
    if (error instanceof RetryableError) return await retry(deps, job, error);
    throw error;
  } catch (second) {
    const trouble = asJobError(second);
    if (trouble instanceof LeaseLostError) return leftToOthers(job);
    if (trouble !== error) tellTrouble(deps.telemetry, attempted, trouble);
    // The lease could not be released: it expires by itself, and the message comes back then.
    deps.telemetry.log(
      "error",
      "The end of an attempt could not be recorded. The job is retried when its lease has expired.",
      { job_id: job.jobId, reason: error.reason },
      second,
    );
    return { kind: "again", delayMs: deps.settings.leaseTtlMs };
  }
}

/** We may be the last to hold the job: if nobody watches its record, the message finds out. */
const leftToOthers = ({ record }: LeasedJob): JobEnd =>
  record.watchAtMs === undefined ? { kind: "return", delayMs: 0 } : { kind: "done" };

async function handOn(deps: WorkerDeps, job: LeasedJob): Promise<JobEnd> {
  if (job.record.hops >= deps.settings.maxHops) {
    return fail(deps, job, new PermanentError("too_many_continuations", "system"));
  }
  await job.releaseForContinuation();
  return { kind: "again", delayMs: 0 };
}

/** If this crashes before the message is sent, the old one finds the record in the long lane and is sent on there. */
async function handOver({ telemetry }: WorkerDeps, job: LeasedJob, { reason }: LongJobError): Promise<JobEnd> {
  await job.handOver();
  telemetry.log("info", "A long job goes on in the long lane.", { job_id: job.jobId, url: job.record.url, reason });
  return { kind: "again", delayMs: 0, message: messageOf(job.record) };
}

async function giveBack({ telemetry }: WorkerDeps, job: LeasedJob, error: RunEndsError): Promise<JobEnd> {
  telemetry.log("warn", "The run ends. The job is given back; the next run goes on.", { job_id: job.jobId }, error);
  await job.giveBack();
  return { kind: "done" };
}

async function fail(deps: WorkerDeps, job: LeasedJob, error: PermanentError): Promise<JobEnd> {
  // Failing removes the checkpoint from the record, but what it names must still be cleaned up.
  const { checkpoint, transfer } = job.record;
  await job.fail({ reason: error.reason, failureClass: error.failureClass });
  deps.telemetry.log("warn", "A job failed. It is tried again only if somebody reopens it.", {
    job_id: job.jobId,
    url: job.record.url,
    reason: error.reason,
    failure_class: error.failureClass,
  });
  await cleanStaging(deps, {
    jobId: job.jobId,
    unfinished: checkpoint,
    stagedBy: [job.stagedBy, checkpoint?.stagedBy, transfer?.stagedBy],
  });
  return { kind: "done" };
}

async function retry(deps: WorkerDeps, job: LeasedJob, error: RetryableError): Promise<JobEnd> {
  const { clock, hosts, settings, visit } = deps;
  const wait = error instanceof HostWaitsError ? error : hostsFault(error, visit.trouble);
  const isDown = wait?.reason === "host_down";
  const patienceMs = isDown ? job.record.plannedAtMs + settings.hostPatienceMs - clock.nowMs() : Infinity;
  if (patienceMs <= 0) {
    return fail(
      deps,
      job,
      error === wait ? new PermanentError(error.reason, "origin") : exhausted(error.reason, "origin"),
    );
  }
  if (!wait && job.record.strikes >= settings.retry.maxAttempts) {
    return fail(deps, job, exhausted(error.reason, error.failureClass));
  }
  if (wait) hosts.sentAway(wait.host, wait.reason);
  const { checkpoint } = job;
  const isWrong = error instanceof OriginDigestError;
  if (isWrong || error instanceof UploadGoneError || error instanceof StagedObjectGoneError) job.forgetTransfer();
  const askedMs = wait
    ? Math.min(Math.max(wait.retryAfterMs ?? 0, error.retryAfterMs ?? 0), patienceMs)
    : error.retryAfterMs;
  const end = await release(deps, job, error, { askedMs, isCharged: !wait || hasStartedOver(job) });
  // What was staged would be wrong again. The record names it no more.
  if (isWrong) await cleanStaging(deps, { jobId: job.jobId, unfinished: checkpoint, stagedBy: [] });
  return end;
}

/** The attempt gave up what was staged before, and staged no more. At a host's pace it could do so for ever. */
const hasStartedOver = ({ checkpoint, record, stagedBy }: LeasedJob): boolean =>
  checkpoint?.stagedBy === stagedBy && record.strikes > 0;

/** An origin's failure is its host's while that is down. */
const hostsFault = (error: RetryableError, trouble: HostWaitsError | undefined): HostWaitsError | undefined =>
  error.failureClass === "origin" ? trouble : undefined;

async function release(
  { clock, random, settings, telemetry }: WorkerDeps,
  job: LeasedJob,
  error: RetryableError,
  { askedMs, isCharged }: { readonly askedMs: number | undefined; readonly isCharged: boolean },
): Promise<JobEnd> {
  const delayMs = retryDelayMs(settings.retry, job.record.strikes, random.fraction(), askedMs);
  const isParked = delayMs > settings.longestDelayMs;
  const trouble = { reason: error.reason, failureClass: error.failureClass };
  await job.releaseForRetry(trouble, { notBeforeMs: clock.nowMs() + delayMs, isParked, isCharged });
  telemetry.log(
    "info",
    isCharged ? "An attempt failed. The job is retried after the delay." : "The job waits for its host.",
    {
      job_id: job.jobId,
      url: job.record.url,
      reason: error.reason,
      delay_ms: delayMs,
      ...(error.retryAfterMs !== undefined && { retry_after_ms: error.retryAfterMs }),
    },
  );
  return isParked ? { kind: "done" } : { kind: "again", delayMs };
}
