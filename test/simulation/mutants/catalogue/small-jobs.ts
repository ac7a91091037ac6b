/** Mutants of leases that nobody watches, and of bodies that are put at their content address at once. */
import { inFile, type Mutant } from "../mutant.ts";

export const SMALL_JOB_MUTANTS: readonly Mutant[] = [
  ...inFile("core/model/protocol.ts", [
    ["a job that is watched may become unwatched", "isWatched ? [] : isUnwatched", "[]"],
  ]),
  ...inFile("core/model/waiting.ts", [
    ["every lease counts as watched", "owner !== undefined && watchAtMs === undefined &&", "owner === null &&"],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    [
      "only new jobs are leased on a first delivery",
      "  return items.write(takeLease(request));\n}",
      "  return outcome;\n}",
    ],
  ]),
  ...inFile("core/worker/process-job.ts", [
    [
      "a message of an unwatched lease is acknowledged",
      "  unwatchedUntilMs === undefined\n",
      "  (unwatchedUntilMs ?? 0) >= 0\n",
    ],
    [
      "the message of a lost lease is acknowledged, although nobody watches its job",
      "record.watchAtMs === undefined ? {",
      "record.jobId === undefined ? {",
    ],
  ]),
  ...inFile("core/worker/deliver.ts", [
    [
      "a lease is unwatched however old its message is",
      " && clock.nowMs() < delivery.sentAtMs + settings.unwatchedForMs;",
      " && settings.unwatchedForMs > 0;",
    ],
  ]),
  ...inFile("core/worker/choose-path.ts", [
    [
      "a job whose record cannot be read counts as new",
      "(await within(clock, DOCUMENT_READ_TIMEOUT_MS, items.read(jobItemKey(jobId)))) !== undefined;",
      "(await within(clock, DOCUMENT_READ_TIMEOUT_MS, items.read(jobItemKey(jobId))).catch(() => undefined)) !== undefined;",
    ],
  ]),
  ...inFile("core/model/steps.ts", [
    ["the result of a staged body is not recorded", "  isRepeatable: isPlaced,", "  isRepeatable: () => true,"],
    [
      "staging is cleaned before the end of FINALIZE is recorded",
      "isRepeatable: () => placed !== undefined,",
      "isRepeatable: () => placed !== null,",
    ],
  ]),
  ...inFile("core/worker/leased-job.ts", [
    [
      "staging is cleaned before the end of a placed body's FINALIZE is recorded",
      "if (isFound || (operation.isRepeatable(result) && !checkpoint)) {",
      "if (isFound || operation.isRepeatable(result)) {",
    ],
    [
      "STREAM of any staged body is recorded with FINALIZE",
      'const isFound = type === "STREAM" && isWholly(checkpoint, result);',
      'const isFound = type === "STREAM";',
    ],
    [
      "what is recorded later takes the job back to an earlier state",
      "this.#unrecorded.add(done, steps.at(-1), tell);",
      "this.#unrecorded.add(done, state, tell);",
    ],
  ]),
  ...inFile("core/transfer/body-stager.ts", [
    [
      "a body is put under its length, not its hash",
      "direct.put(contentKey(sha256),",
      "direct.put(contentKey(String(body.length)),",
    ],
  ]),
  ...inFile("core/worker/unrecorded.ts", [
    ["what may be done again is never recorded", "...operationEntries(operations.map(([, entry]) => entry)),", ""],
  ]),
];
