/** Mutants of the model: keys, messages, states, and the protocol. */
import { inFile, type Mutant } from "../mutant.ts";

export const MODEL_MUTANTS: readonly Mutant[] = [
  ...inFile("core/model/protocol.ts", [
    [
      "writes to a job do not check the fence and the owner",
      `  { attribute: "fence", is: "=", than: lease.fence },
  { attribute: "lease_owner", is: "=", than: lease.owner },`,
      "",
    ],
    ["a lease is taken while another worker holds it", "[isOpen, isAvailable(nowMs)]", "[isOpen]"],
    ["a lease is taken on any job, finished or leased", "[isOpen, isAvailable(nowMs)]", "[]"],
    ["only new jobs can be leased", "when: [[isNew], isFree],", "when: [[isNew]],"],
    [
      "a lease does not raise the fence",
      "add: { fence: 1, attempts: 1, strikes: 1 }",
      "add: { attempts: 1, strikes: 1 }",
    ],
    ["attempts and strikes are not counted", "add: { fence: 1, attempts: 1, strikes: 1 }", "add: { fence: 1 }"],
    [
      "a leased job is not in the watch index",
      "      watch_shard: watchShardOf(jobId, watchShards),\n      step: 0,",
      "      step: 0,",
    ],
    [
      "a leased job is watched 10 minutes too late",
      "(isWatched && { watch_at: expiresAtMs }",
      "(isWatched && { watch_at: expiresAtMs + 600_000 }",
    ],
    [
      "a lease outlives its TTL by an hour",
      "      available_at: expiresAtMs,\n",
      "      available_at: expiresAtMs + 3_600_000,\n",
    ],
    ["a record lacks its URL", "({ work_id, artifact_id, url });", "({ work_id, artifact_id });"],
    ["a record lacks its work id", "({ work_id, artifact_id, url });", "({ artifact_id, url });"],
    [
      "a record lacks the expected digest",
      "...(message.sha256 !== undefined && { expected_sha256: message.sha256 }),",
      "",
    ],
    [
      "a renewal does not move watch_at",
      "{ available_at: expiresAtMs, watch_at: expiresAtMs } });",
      "{ available_at: expiresAtMs } });",
    ],
    [
      "a renewal does not move available_at",
      "{ available_at: expiresAtMs, watch_at: expiresAtMs } });",
      "{ watch_at: expiresAtMs } });",
    ],
    [
      "a finished job keeps its lease, reason and checkpoint",
      'remove: [...LEASE_ATTRIBUTES, ...TROUBLE_ATTRIBUTES, "checkpoint"],',
      "remove: [],",
    ],
    [
      "the completion of an operation does not advance the state",
      "...operationEntries([done]), state }",
      "...operationEntries([done]) }",
    ],
    ["a failed job keeps its lease", '...LEASE_ATTRIBUTES, ...forgotten, "checkpoint"', '...forgotten, "checkpoint"'],
    [
      "a release for retry keeps the lease owner",
      "watch_at: availableAtMs + watchAfterMs,\n    },\n    remove: [...HOLDER_ATTRIBUTES, ...forgotten],",
      "watch_at: availableAtMs + watchAfterMs,\n    },\n    remove: [...forgotten],",
    ],
    [
      "a release for retry keeps useless results",
      "watch_at: availableAtMs + watchAfterMs,\n    },\n    remove: [...HOLDER_ATTRIBUTES, ...forgotten],",
      "watch_at: availableAtMs + watchAfterMs,\n    },\n    remove: HOLDER_ATTRIBUTES,",
    ],
    [
      "a job released for retry is watched an hour too late",
      "watch_at: availableAtMs + watchAfterMs,\n    },",
      "watch_at: availableAtMs + 3_600_000,\n    },",
    ],
    [
      "a continuation is not available for an hour",
      "      available_at: availableAtMs,\n      watch_at: availableAtMs + graceMs,\n      hops",
      "      available_at: nowMs + 3_600_000,\n      watch_at: availableAtMs + graceMs,\n      hops",
    ],
    ["a job is never planned", "when: [[isNew], isFree],", "when: [isFree],"],
    [
      "strikes are not counted",
      "add: { fence: 1, attempts: 1, strikes: 1 }",
      "add: { fence: 1, attempts: 1, strikes: 0 }",
    ],
    ["a record's retention is in milliseconds", "Math.ceil(ms / 1000)", "ms"],
    [
      "a finished job's retention starts at zero",
      "set: { ...operationEntries([done]), state, expires_at: epochSeconds(expiresAtMs) },",
      "set: { ...operationEntries([done]), state, expires_at: epochSeconds(expiresAtMs) * 2 },",
    ],
    [
      "a continuation is watched too early",
      "watch_at: availableAtMs + graceMs,\n      hops",
      "watch_at: availableAtMs + 1,\n      hops",
    ],
    ["a job that is given back has all its strikes forgotten", "strikes: Math.max(0, strikes - 1),", "strikes: 0,"],
    [
      "every checkpoint resets the strikes",
      "isProgress && { strikes: 0, most_staged: checkpoint.offset }",
      "{ strikes: 0 }",
    ],
  ]),
  ...inFile("core/model/recovery-protocol.ts", [
    [
      "recovery abandons operations that were completed after it read the job",
      "        ...abandoned.map(isStillStarted),\n",
      "",
    ],
    [
      "recovery ends a retry's wait early",
      "...(seen.leaseOwner !== undefined && { available_at: 0 })",
      "available_at: 0",
    ],
    [
      "recovery does not check that the job is unchanged since it was read",
      `        isOpen,
        { attribute: "fence", is: "=", than: seen.fence },
        { attribute: "watch_at", is: "=", than: watchAtMs },
        ...abandoned.map(isStillStarted),
`,
      "",
    ],
    [
      "recovery does not raise the fence",
      "    add: { fence: 1 },\n    remove: HOLDER_ATTRIBUTES,",
      "    remove: HOLDER_ATTRIBUTES,",
    ],
    [
      "recovery is not repeated for 10 hours",
      "watch_at: nowMs + graceMs,\n      ...(seen.leaseOwner",
      "watch_at: nowMs + 36_000_000,\n      ...(seen.leaseOwner",
    ],
    [
      "a job is reopened whatever its fence",
      'when: [[isFailed, { attribute: "fence", is: "=", than: seen.fence }]],',
      "when: [[isFailed]],",
    ],
    ["reopening does not raise the fence", "add: { fence: 1, redrives: 1 },", "add: { redrives: 1 },"],
    [
      "a reopened job is not in the watch index",
      "      watch_shard: watchShardOf(seen.jobId, FEWEST_WATCH_SHARDS),\n",
      "",
    ],
    [
      "a reopened job is watched 10 hours too late",
      "watch_at: nowMs + graceMs,\n      watch_shard: watchShardOf(seen.jobId, FEWEST_WATCH_SHARDS),",
      "watch_at: nowMs + 36_000_000,\n      watch_shard: watchShardOf(seen.jobId, FEWEST_WATCH_SHARDS),",
    ],
    ["a reopened job still expires", '"failed_at", "expires_at", "cancelled_by"]', '"failed_at", "cancelled_by"]'],
    ["reopening does not reset the strikes", "      strikes: 0,\n      hops: 0,", "      hops: 0,"],
    ["a reopened job can never be leased", "      available_at: 0,\n", ""],
    [
      "a reopened job keeps results that were removed from staging",
      'remove: [...FAILED_ATTRIBUTES, "most_staged", ...(isPublished(seen) ? [] : OPERATION_ATTRIBUTES)],',
      "remove: FAILED_ATTRIBUTES,",
    ],
    [
      "a reopened job that was published is downloaded again",
      'operations.FINALIZE?.status === "DONE";',
      'operations.FINALIZE?.status === "ABANDONED";',
    ],
    ["recovery does not check watch_at", `        { attribute: "watch_at", is: "=", than: watchAtMs },\n`, ""],
    [
      "the place of the sweep is not kept",
      "set: { cursor: cursor ?? SWEEP_FROM_START }",
      "set: { cursor: SWEEP_FROM_START }",
    ],
    [
      "the place of the sweep is kept only once",
      "seenFence === undefined ? isNew :",
      "seenFence !== undefined ? isNew :",
    ],
    ["a record that cannot be read is not put off", "set: { watch_at: untilMs },", "set: { watch_at: watchAtMs },"],
  ]),
  ...inFile("core/model/states.ts", [
    [
      "a FINALIZED job is announced",
      'export const STORED_STATES = ["INDEXED", "DEDUPED"]',
      'export const STORED_STATES = ["FINALIZED", "INDEXED", "DEDUPED"]',
    ],
    [
      "a DEDUPED job is not announced",
      'export const STORED_STATES = ["INDEXED", "DEDUPED"]',
      'export const STORED_STATES = ["INDEXED"]',
    ],
  ]),
  ...inFile("core/model/keys.ts", [
    ["all attempts share one staging key", "`${STAGING_PREFIX}${jobId}/${stagedBy}`", "`${STAGING_PREFIX}${jobId}/1`"],
    [
      "the last shard of the watch index is forgotten",
      "{ length: MOST_WATCH_SHARDS }",
      "{ length: MOST_WATCH_SHARDS - 1 }",
    ],
  ]),
  ...inFile("core/model/message.ts", [
    [
      "a message for a recorded job does not say so",
      "JSON.stringify({ ...message, tracked: true })",
      "JSON.stringify(message)",
    ],
  ]),
  ...inFile("core/model/index-protocol.ts", [
    [
      "an index entry is overwritten",
      "when: [[isNew]],\n    set: {\n      job_id",
      "when: [[]],\n    set: {\n      job_id",
    ],
  ]),
];
