import type { HostileCase } from "../case.ts";
import { content } from "./content.ts";
import { digests } from "./digests.ts";
import { encodings } from "./encodings.ts";
import { framing } from "./framing.ts";
import { head } from "./head.ts";
import { heads } from "./heads.ts";
import { redirects } from "./redirects.ts";
import { resumeLies } from "./resume-lies.ts";
import { resume } from "./resume.ts";
import { slowness } from "./slowness.ts";
import { statuses } from "./statuses.ts";
import { urls } from "./urls.ts";
import { waits } from "./waits.ts";

export const ROOMS: Readonly<Record<string, readonly HostileCase[]>> = {
  head,
  statuses,
  framing,
  heads,
  slowness,
  redirects,
  waits,
  resume: [...resume, ...resumeLies],
  digests,
  encodings,
  content,
  urls,
};

export const CASES: readonly HostileCase[] = Object.values(ROOMS).flat();
