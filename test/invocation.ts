import type { Invocation } from "../lambdas/invocation.ts";

/** An invocation as tests make it. */
export const INVOCATION: Invocation = { awsRequestId: "00000000-0000-0000-0000-000000000000" };
