/** The functions of a deployment, and the outputs that name them. It loads no SDK: every start reads it. */
export const FUNCTION_OUTPUTS = {
  worker: "WorkerFunctionName",
  "long-worker": "LongWorkerFunctionName",
  reconciler: "ReconcilerFunctionName",
  batches: "BatchesFunctionName",
  rollout: "RolloutFunctionName",
  announcer: "AnnouncerFunctionName",
  archiver: "ArchiverFunctionName",
} as const;

export type FunctionRole = keyof typeof FUNCTION_OUTPUTS;
export const FUNCTION_ROLES = Object.keys(FUNCTION_OUTPUTS) as readonly FunctionRole[];
