/**
 * The nine telemetry events in wire names: the one source of their types, JSON Schema, documentation and tests. Only types
 * of it are imported where workers run: no validation, and no full zod, in their bundles.
 */
import { z } from "zod";
import { OPERATION_TYPES } from "../model/operations.ts";
import type { FailureClass } from "../model/record.ts";
import { JOB_STATES } from "../model/states.ts";

type Unit = "milliseconds" | "seconds" | "leases" | "operations";

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const text = (about: string) => z.string().min(1).meta({ description: about });
const time = (about: string) => z.iso.datetime().meta({ description: about });
const count = (unit: Unit, about: string) => z.int().min(0).meta({ description: about, unit });
const milliseconds = (about: string) => count("milliseconds", about);
const seconds = (about: string) => z.number().positive().meta({ description: about, unit: "seconds" });

const jobId = hex(32).meta({ description: "The job: the first 32 digits of its key." });
const owner = text("Who holds the lease: a name of its own for each attempt.");
const state = z.enum(JOB_STATES);
const operationType = z.enum(OPERATION_TYPES).meta({ description: "What is done to the job." });
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
  event("job_planned", "A job got its record; its first lease comes with it.", {
    work_id: text("The producer's name for the work."),
    artifact_id: text("The producer's name for the file."),
    url: z.url().meta({ description: "What is downloaded, in canonical form." }),
    job_id: jobId,
    idempotency_key: hex(64).meta({
      description: "SHA-256 of work, artifact and URL: what makes two messages one job.",
    }),
  }),
  event("job_leased", "A worker took the lease on a job.", {
    job_id: jobId,
    owner,
    ttl_sec: seconds("How long the lease lasts unless it is renewed."),
    acquired_in_ms: milliseconds("What the conditional write that took it lasted."),
  }),
  event("job_state_changed", "A job went one state on.", {
    job_id: jobId,
    from_state: state.meta({ description: "The state it left." }),
    to_state: state.meta({ description: "The state it is in now." }),
    since_planned_ms: milliseconds("The job's age."),
    reason: text("With FAILED, and only then: why.").exactOptional(),
    failure_class: z
      .enum(failureClasses)
      .meta({ description: "With FAILED, and only then: whose fault it is." })
      .exactOptional(),
    host: text("With FAILED, and only then: the host of the job's URL.").exactOptional(),
  }).refine(
    ({ to_state, reason, failure_class, host }) =>
      [reason, failure_class, host].every((field) => (field !== undefined) === (to_state === "FAILED")),
    { error: "reason, failure_class and host come with FAILED, all three, and with nothing else" },
  ),
  event("lease_renewed", "A worker that is still at it extended its lease.", {
    job_id: jobId,
    owner,
    new_ttl_sec: seconds("How long the lease lasts from now on."),
  }),
  event("lease_released", "A worker gave its lease back: the job has ended, waits for a retry, or goes on elsewhere.", {
    job_id: jobId,
    owner,
  }),
  event("operation_started", "An operation began.", {
    job_id: jobId,
    op_key: operationKey,
    op_type: operationType,
  }),
  event("operation_completed", "An operation's result is in the ledger. One that threw has no such event.", {
    job_id: jobId,
    op_key: operationKey,
    op_type: operationType,
    result_code: text("`OK`."),
    elapsed_ms: milliseconds("From its start to its result, in this attempt."),
  }),
  event("crash_recovery_event", "The reconciler ran. Zeros are told too: silence means that it is dead.", {
    recovered_leases: count("leases", "Expired leases that it took away from their dead holders."),
    abandoned_ops: count("operations", "Operations that the dead holders had left in progress."),
    recovered_late: count("leases", "Of the recovered leases, those that had been expired for longer than 180 s."),
    oldest_expired_ms: milliseconds("For how long the oldest of them had been expired; 0 for none."),
  }),
  event("idempotency_replay", "An operation was answered from the ledger instead of being run again.", {
    job_id: jobId,
    op_key: operationKey,
    op_type: operationType,
    reused_from_time: time("When the reused result was recorded: ISO 8601, UTC."),
  }),
]);
