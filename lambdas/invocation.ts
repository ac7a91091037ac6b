import type { Context } from "aws-lambda";
import { asJobError } from "../core/model/errors.ts";
import type { Telemetry } from "../core/ports/telemetry.ts";

/** What our handlers need to know about an invocation. */
export type Invocation = Pick<Context, "awsRequestId">;

/**
 * Runs an invocation. Its log lines carry its id, and all of them are written before it ends.
 * @param component whose delivery it is, if one that fails is delivered again.
 */
export async function invoke<T>(
  telemetry: Telemetry,
  { awsRequestId }: Invocation,
  run: () => Promise<T>,
  component?: "announcer" | "archiver",
): Promise<T> {
  telemetry.invocationStarted(awsRequestId);
  try {
    return await run();
  } catch (error) {
    if (component !== undefined)
      telemetry.emit({ event: "delivery_failed", component, error_class: asJobError(error).reason });
    throw error;
  } finally {
    telemetry.flush();
  }
}
