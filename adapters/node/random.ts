import { randomUUID } from "node:crypto";
import type { Random } from "../../core/ports/runtime.ts";

export const systemRandom: Random = {
  fraction: () => Math.random(),
  uniqueId: () => randomUUID(),
};
