export const OPERATION_TYPES = ["HEAD", "STREAM", "FINALIZE", "INDEX", "DEDUPE"] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];
