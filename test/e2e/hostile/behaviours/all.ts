import type { HostileCase } from "../case.ts";
import { framing } from "./framing.ts";
import { head } from "./head.ts";
import { heads } from "./heads.ts";
import { redirects } from "./redirects.ts";
import { slowness } from "./slowness.ts";
import { statuses } from "./statuses.ts";

export const ROOMS: Readonly<Record<string, readonly HostileCase[]>> = {
  head,
  statuses,
  framing,
  heads,
  slowness,
  redirects,
};

export const CASES: readonly HostileCase[] = Object.values(ROOMS).flat();
