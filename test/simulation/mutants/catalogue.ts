import { CANCEL_MUTANTS } from "./catalogue/cancel.ts";
import { HOST_MUTANTS } from "./catalogue/hosts.ts";
import { LANE_MUTANTS } from "./catalogue/lanes.ts";
import { MODEL_MUTANTS } from "./catalogue/model.ts";
import { ORDER_MUTANTS } from "./catalogue/order.ts";
import { RANGES_MUTANTS } from "./catalogue/ranges.ts";
import { RECOVERY_MUTANTS } from "./catalogue/recovery.ts";
import { STREAM_MUTANTS } from "./catalogue/stream.ts";
import { TRANSFER_MUTANTS } from "./catalogue/transfer.ts";
import { SMALL_JOB_MUTANTS } from "./catalogue/small-jobs.ts";
import { WAITING_MUTANTS } from "./catalogue/waiting.ts";
import { WORKER_MUTANTS } from "./catalogue/worker.ts";
import type { Mutant } from "./mutant.ts";

export type { Mutant };

export const MUTANTS: readonly Mutant[] = [
  ...MODEL_MUTANTS,
  ...WORKER_MUTANTS,
  ...TRANSFER_MUTANTS,
  ...RANGES_MUTANTS,
  ...RECOVERY_MUTANTS,
  ...STREAM_MUTANTS,
  ...ORDER_MUTANTS,
  ...SMALL_JOB_MUTANTS,
  ...WAITING_MUTANTS,
  ...HOST_MUTANTS,
  ...LANE_MUTANTS,
  ...CANCEL_MUTANTS,
];
