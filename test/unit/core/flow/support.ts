import { KEEPS_NONE } from "../../../../core/ports/http.ts";
import type { HostRule } from "../../../../core/flow/host-rule.ts";
import { Hosts } from "../../../../core/flow/hosts.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import type { WorkerDeps, WorkerSettings } from "../../../../core/worker/worker-deps.ts";
import { fileOrigin, world, type World } from "../../../simulation/world.ts";

export const BODY = Buffer.from("the body");
export const jobAt = (host: string, n = 0): JobMessage => ({
  work_id: "work",
  artifact_id: `artifact-${n}`,
  url: `https://${host}/file-${n}`,
});
export const A = "a.example";
export const B = "b.example";

export const limited = (hostRules: readonly HostRule[], settings: Partial<WorkerSettings> = {}): World => {
  const w = world({ settings: { hostRules, ...settings } });
  w.serve(fileOrigin(BODY));
  return w;
};
/** Another process. */
export const another = (w: World): WorkerDeps => ({ ...w.deps, hosts: new Hosts({ ...w.deps, pool: KEEPS_NONE }) });
export const requestsTo = (w: World, host: string): number =>
  w.requests.filter(({ url }) => new URL(url).host === host).length;
