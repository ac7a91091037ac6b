import { hostOf } from "../../core/model/message.ts";
import { TYPED } from "../terminal/typed.ts";
import type { JobReference } from "./job-reference.ts";

/** Says that a job has no record, and why that may be. */
export function absenceOf({ jobId, stack, url }: JobReference & { readonly stack: string }): string {
  const named =
    url === undefined
      ? `There is no record of the job ${jobId} in ${stack}.`
      : `There is no record of ${url} in ${stack}: its job would be ${jobId}. If its message named work_id or artifact_id, ` +
        `give --work and --artifact, or look for it: ${TYPED} jobs --stack ${stack} --host ${hostOf(url)}.`;
  return (
    `${named} Either no worker has taken it yet (its message is in a queue, or a dead letter: ${TYPED} status --stack ` +
    `${stack}), or its record has expired, or the gate kept it off the guarded path, which leaves no record.`
  );
}
