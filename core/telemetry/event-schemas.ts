/**
 * The eleven telemetry events in wire names: the one source of their types, JSON Schema, documentation and tests.
 * Workers import only types from here, so that their bundles contain no validation and no full zod.
 */
import { z } from "zod";
import { OPERATION_TYPES } from "../model/operations.ts";
import type { FailureClass } from "../model/record.ts";
import { JOB_STATES } from "../model/states.ts";

type Unit = "milliseconds" | "seconds" | "leases" | "operations" | "records" | "deliveries";

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const text = (about: string) => z.string().min(1).meta({ description: about });
const time = (about: string) => z.iso.datetime().meta({ description: about });
const count = (unit: Unit, about: string) => z.int().min(0).meta({ description: about, unit });
const milliseconds = (about: string) => count("milliseconds", about);
const seconds = (about: string) => z.number().positive().meta({ description: about, unit: "seconds" });

const jobId = hex(32).meta({ description: "The job's id: the first 32 hex digits of its key." });
const owner = text("Who holds the lease. Each attempt has a name of its own.");
const state = z.enum(JOB_STATES);
const operationType = z.enum(OPERATION_TYPES).meta({ description: "The kind of operation." });
const operationKey = hex(32).meta({ description: "The operation: from the SHA-256 of its type, job and context." });

const event = <Name extends string, Fields extends z.core.$ZodLooseShape>(
  name: Name,
  description: string,
  fields: Fields,
) =>
  z
    .strictObject({
      event: z.literal(name).meta({ description: "The event's name." }),
      timestamp: time("When it was emitted: ISO 8601, UTC."),
      ...fields,
    })
    .meta({ description });

const failureClasses = ["origin", "policy", "system"] as const satisfies readonly FailureClass[];

export const telemetryEvent = z.discriminatedUnion("event", [
  event("job_planned", "A job got its record, and its first lease with it.", {
    work_id: text("The producer's name for the work."),
    artifact_id: text("The producer's name for the file."),
    url: z.url().meta({ description: "The URL to download, as the producer wrote it." }),
    job_id: jobId,
    idempotency_key: hex(64).meta({
      description: "SHA-256 of work, artifact and canonical URL. Messages with the same key are one job.",
    }),
  }),
  event("job_leased", "A worker took the lease on a job.", {
    job_id: jobId,
    owner,
    ttl_sec: seconds("How long the lease lasts unless it is renewed."),
    acquired_in_ms: milliseconds("Duration of the conditional write that took the lease."),
  }),
  event("job_state_changed", "A job moved to another state.", {
    job_id: jobId,
    from_state: state.meta({ description: "The state it left." }),
    to_state: state.meta({ description: "The state it is in now." }),
    since_planned_ms: milliseconds("The job's age, counted from when it was planned."),
    reason: text("Why the job failed. Present only with FAILED.").exactOptional(),
    failure_class: z
      .enum(failureClasses)
      .meta({ description: "Who caused the failure. Present only with FAILED." })
      .exactOptional(),
    host: text("The host of the job's URL. Present only with FAILED.").exactOptional(),
  }).refine(
    ({ to_state, reason, failure_class, host }) =>
      [reason, failure_class, host].every((field) => (field !== undefined) === (to_state === "FAILED")),
    { error: "reason, failure_class and host must all be present with FAILED, and only then" },
  ),
  event("lease_renewed", "A worker that is still at work extended its lease.", {
    job_id: jobId,
    owner,
    new_ttl_sec: seconds("How long the lease lasts from now on."),
  }),
  event("lease_released", "A worker released its lease: the job ended, waits for a retry, or continues elsewhere.", {
    job_id: jobId,
    owner,
  }),
  event("operation_started", "An operation started.", {
    job_id: jobId,
    op_key: operationKey,
    op_type: operationType,
  }),
  event("operation_completed", "An operation's result is in the ledger. An operation that throws has no such event.", {
    job_id: jobId,
    op_key: operationKey,
    op_type: operationType,
    result_code: text("Always `OK`."),
    elapsed_ms: milliseconds("From the operation's start to its result, in this attempt."),
  }),
  event("crash_recovery_event", "The reconciler ran (zeros are reported too), or a worker took over from a dead one.", {
    job_id: jobId.exactOptional(),
    recovered_leases: count("leases", "Expired leases that the run took away from dead holders."),
    abandoned_ops: count("operations", "Operations that the dead holders left in progress."),
    recovered_late: count("leases", "Recovered leases that had been expired for longer than 180 s."),
    oldest_expired_ms: milliseconds("How long the oldest of these leases had been expired; 0 if there was none."),
    unreadable_records: count("records", "Job records that it could not read, and left alone."),
    lag_ms: milliseconds(
      "How long the oldest job that the run saw, and left due, had been due; 0 if it left none. Not in version 0.2.0.",
    ).exactOptional(),
  }),
  event("idempotency_replay", "An operation's result was replayed from the ledger instead of being produced again.", {
    job_id: jobId,
    op_key: operationKey,
    op_type: operationType,
    reused_from_time: time("When the reused result was recorded: ISO 8601, UTC."),
  }),
  event(
    "delivery_failed",
    "Work was delivered and could not be done, because the table, a queue, S3 or the bus refused. It is delivered again.",
    {
      component: z.enum(["worker", "announcer", "archiver"]).meta({ description: "Whose work it was." }),
      error_class: text("What refused: `unexpected:` and the error's name, or a reason of ours."),
      attempt: count(
        "deliveries",
        "Which delivery of the message, or attempt of its job, failed: 1 is the first. Only the worker knows.",
      ).exactOptional(),
      job_id: jobId.exactOptional(),
    },
  ),
  event("clock_off", "A clock differs by more than 30 s from that of the table, or from that of another worker.", {
    component: z.enum(["worker", "reconciler"]).meta({ description: "Who noticed it." }),
    against: z.enum(["service", "lease"]).meta({
      description: "`service`: the table's answer has another time. `lease`: a lease ends later than any lease can.",
    }),
    off_by_ms: milliseconds("By how much the clocks differ at least."),
  }),
]);
