import type { Context } from "aws-lambda";
import type { Telemetry } from "../core/ports/telemetry.ts";

/** What our handlers want to know of an invocation. */
export type Invocation = Pick<Context, "awsRequestId">;

/** Runs an invocation so that its log lines bear its id, and none of them is left unwritten. */
export async function invoke<T>(telemetry: Telemetry, { awsRequestId }: Invocation, run: () => Promise<T>): Promise<T> {
  telemetry.invocationStarted(awsRequestId);
  try {
    return await run();
  } finally {
    telemetry.flush();
  }
}
