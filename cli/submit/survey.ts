import type { Problems } from "../input/problems.ts";
import type { Line } from "../../core/lists/list-line.ts";

/** Each takes memory. Beyond so many it is only known that there are more. */
const MOST_HOSTS_COUNTED = 100_000;

export interface Survey {
  jobs: number;
  /** Distinct ones, as far as they are counted. */
  readonly hosts: Set<string>;
}

/** Looks through a whole list before anything of it is sent. */
export async function surveyOf(
  batches: AsyncIterable<readonly Line[]>,
  problems: Problems,
  signal: AbortSignal,
  onJobs: (jobs: number) => void,
): Promise<Survey> {
  const survey: Survey = { jobs: 0, hosts: new Set() };
  for await (const lines of batches) {
    signal.throwIfAborted();
    for (const line of lines)
      if ("problems" in line) for (const problem of line.problems) problems.add(problem);
      else {
        survey.jobs += 1;
        countHost(survey.hosts, line.checked.group);
      }
    onJobs(survey.jobs);
  }
  problems.finish();
  return survey;
}

function countHost(hosts: Set<string>, host: string): void {
  if (hosts.has(host) || hosts.size === MOST_HOSTS_COUNTED) return;
  // A copy: the host is a slice of its URL, which would stay in memory, and so would the piece of the list around it.
  hosts.add(Buffer.from(host, "latin1").toString("latin1"));
}

/** `12 hosts`, or `100000 or more hosts`. */
export const describeHosts = ({ hosts }: Survey): string =>
  hosts.size === MOST_HOSTS_COUNTED
    ? `${MOST_HOSTS_COUNTED} or more hosts`
    : `${hosts.size} ${hosts.size === 1 ? "host" : "hosts"}`;
