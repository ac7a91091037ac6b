import { randomUUID } from "node:crypto";
import type { Random } from "../core/ports.ts";

export const systemRandom: Random = {
  fraction: () => Math.random(),
  uniqueId: () => randomUUID(),
};
