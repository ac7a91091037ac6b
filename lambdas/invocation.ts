import type { Context } from "aws-lambda";
import type { Telemetry } from "../core/ports/telemetry.ts";

/** What our handlers need to know about an invocation. */
export type Invocation = Pick<Context, "awsRequestId">;

/** Runs an invocation. Its log lines carry its id, and all of them are written before it ends. */
export async function invoke<T>(telemetry: Telemetry, { awsRequestId }: Invocation, run: () => Promise<T>): Promise<T> {
  telemetry.invocationStarted(awsRequestId);
  try {
    return await run();
  } finally {
    telemetry.flush();
  }
}
