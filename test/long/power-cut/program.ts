/** Runs the jobs of a list, and marks in the trace of its system calls what it tells of each. May kill its workers. */
import fs from "node:fs";
import { LocalRun } from "../../../local/run/local-run.ts";
import { USUAL_WEB } from "../../../local/settings.ts";
import { MARKER, type Told } from "./told.ts";

const [out = "", killAfter = "", ...urls] = process.argv.slice(2);

/** A call that changes nothing and is seen in the trace. */
function mark(told: Told): void {
  fs.accessSync(`${MARKER}${encodeURIComponent(JSON.stringify(told))}`);
}

let ends = 0;
function countEnd(): void {
  ends += 1;
  const [first] = run.workerPids;
  if (first !== undefined && ends % Number(killAfter) === 0) process.kill(first, "SIGKILL");
}

const run = await LocalRun.open({
  out,
  workers: 2,
  slots: 8,
  web: { ...USUAL_WEB, allowPrivateHosts: true },
  gate: 100,
  maxAttempts: 3,
  nameSource: { kind: "url" },
  rerun: { verify: false, retryFailed: false, refresh: false },
  onEnded: ({ jobId, outcome: { key }, name }) => {
    try {
      mark({ jobId, key, name });
    } catch {
      // Nothing is there.
    }
    countEnd();
  },
});
run.startWorkers();
await run.replaceList(async (add) => {
  for (const [index, url] of urls.entries())
    add({ line: index + 1, message: { work_id: "w", artifact_id: String(index), url }, metadata: undefined });
});
await run.lookAtEarlier(new AbortController().signal);
await run.work(() => true, new AbortController().signal);
await run.close();
