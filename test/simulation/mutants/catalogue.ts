import { MORE_MUTANTS } from "./more-mutants.ts";
import { inFile, type Mutant } from "./mutant.ts";

export type { Mutant };

export const MUTANTS: readonly Mutant[] = [
  ...inFile("core/model/protocol.ts", [
    [
      "writes to a job do not check the fence and the owner",
      `  { attribute: "fence", is: "=", than: lease.fence },
  { attribute: "lease_owner", is: "=", than: lease.owner },`,
      "",
    ],
    ["a lease is taken while another worker holds it", "[isOpen, isAvailable(nowMs)]", "[isOpen]"],
    ["a lease is taken on any job, finished or leased", "[isOpen, isAvailable(nowMs)]", "[]"],
    ["only new jobs can be leased", "[[isNew], [isOpen, isAvailable(nowMs)]]", "[[isNew]]"],
    [
      "a lease does not raise the fence",
      "add: { fence: 1, attempts: 1, strikes: 1 }",
      "add: { attempts: 1, strikes: 1 }",
    ],
    ["attempts and strikes are not counted", "add: { fence: 1, attempts: 1, strikes: 1 }", "add: { fence: 1 }"],
    [
      "a leased job is not in the watch index",
      "      watch_shard: watchShardOf(jobId),\n      step: 0,",
      "      step: 0,",
    ],
    ["a leased job is watched 10 minutes too late", "watch_at: expiresAtMs,", "watch_at: expiresAtMs + 600_000,"],
    [
      "a lease outlives its TTL by an hour",
      "      available_at: expiresAtMs,\n",
      "      available_at: expiresAtMs + 3_600_000,\n",
    ],
    ["a record lacks its URL", "      url: message.url,\n", ""],
    ["a record lacks its work id", "      work_id: message.work_id,\n", ""],
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
      "started ? [done, started] : [done]), state }",
      "started ? [done, started] : [done]) }",
    ],
    ["a failed job keeps its lease", '...LEASE_ATTRIBUTES, ...forgotten, "checkpoint"', '...forgotten, "checkpoint"'],
    [
      "a release for retry keeps the lease owner",
      'watch_at: availableAtMs + graceMs,\n    },\n    remove: ["lease_owner", ...forgotten],',
      "watch_at: availableAtMs + graceMs,\n    },\n    remove: [...forgotten],",
    ],
    [
      "a release for retry keeps useless results",
      'watch_at: availableAtMs + graceMs,\n    },\n    remove: ["lease_owner", ...forgotten],',
      'watch_at: availableAtMs + graceMs,\n    },\n    remove: ["lease_owner"],',
    ],
    [
      "a job released for retry is watched an hour too late",
      "watch_at: availableAtMs + graceMs,\n    },",
      "watch_at: availableAtMs + 3_600_000,\n    },",
    ],
    [
      "a continuation is not available for an hour",
      "      available_at: availableAtMs,\n      watch_at: availableAtMs + graceMs,\n      hops",
      "      available_at: nowMs + 3_600_000,\n      watch_at: availableAtMs + graceMs,\n      hops",
    ],
    [
      "an index entry is overwritten",
      "    when: [[isNew]],\n    set: {\n      job_id",
      "    when: [[]],\n    set: {\n      job_id",
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
      '    add: { fence: 1 },\n    remove: ["lease_owner"],',
      '    remove: ["lease_owner"],',
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
    ["a reopened job is not in the watch index", "      watch_shard: watchShardOf(seen.jobId),\n", ""],
    [
      "a reopened job is watched 10 hours too late",
      "watch_at: nowMs + graceMs,\n      watch_shard: watchShardOf(seen.jobId),",
      "watch_at: nowMs + 36_000_000,\n      watch_shard: watchShardOf(seen.jobId),",
    ],
    ["a reopened job still expires", '"failed_at", "expires_at"]', '"failed_at"]'],
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
  ]),
  ...inFile("core/worker/leased-job.ts", [
    [
      "a lease's writes are not numbered",
      "const step = asStep({ ...write, set: { ...notes, ...write.set } }, this.#step);",
      "const step = { ...write, set: { ...notes, ...write.set, step: this.#step } };",
    ],
    [
      "bytes that an earlier attempt had staged count as progress",
      "isProgress && checkpoint.offset > this.#record.mostStagedBytes",
      "isProgress",
    ],
    [
      "a refused write counts as applied",
      "if (!item || (!applied && !isAtStep(item, this.lease, this.#step))) throw this.#lose();",
      "if (!item) throw this.#lose();",
    ],
    [
      "the lease is never renewed",
      "await this.#write(renewLease(this.lease, clock.nowMs(), settings.leaseTtlMs));",
      "",
    ],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    [
      "our own lease counts as another worker's after its answer was lost",
      "outcome.applied || record.leaseOwner === owner",
      "outcome.applied",
    ],
    ["a finished job counts as leased", 'if (isTerminal(record.state)) return { kind: "finished" };', ""],
  ]),
  ...inFile("core/transfer/resume.ts", [
    ["a resume sends no If-Range", '  "if-range": checkpoint.validator,\n', ""],
    ["a 206 is accepted whatever offset it starts at", "    range?.start === checkpoint.offset &&\n", ""],
    [
      "any response is accepted as the rest of the body",
      "    response.status === 206 &&\n    range?.start === checkpoint.offset &&\n    range.totalBytes === checkpoint.totalBytes &&\n",
      "",
    ],
    [
      "a partly staged file counts as complete",
      'checkpoint.offset === checkpoint.totalBytes ? "complete"',
      'checkpoint.offset > 0 ? "complete"',
    ],
    [
      "a resume starts one byte late",
      "range: `bytes=${checkpoint.offset}-`",
      "range: `bytes=${checkpoint.offset + 1}-`",
    ],
  ]),
  ...inFile("core/transfer/body-stager.ts", [
    [
      "starting over counts as progress",
      "this.#isProgress = this.#superseded === undefined;",
      "this.#isProgress = true;",
    ],
    [
      "a checkpoint includes parts that are not acknowledged",
      "const pending = this.#parts.findIndex((part) => part.etag === undefined);",
      "const pending = -1;",
    ],
    [
      "a truncated body is accepted as whole",
      "if (totalBytes !== undefined && totalBytes !== this.#received) throw",
      "if (totalBytes === -1) throw",
    ],
    [
      "a failed part upload goes unnoticed",
      "      this.#failure ??= error;\n      this.#deps.buffers.letGo();",
      "      this.#deps.buffers.letGo();",
    ],
    [
      "an upload that cannot be resumed is not aborted",
      "    await this.#deps.staging.abortUpload(this.#upload).catch(() => undefined);\n",
      "",
    ],
    [
      "a resumed body forgets its earlier parts",
      'this.#parts = soFar?.parts.map(({ bytes, etag }) => ({ bytes, etag, hashState: "" })) ?? [];',
      "this.#parts = [];",
    ],
    ["a resumed body is hashed only from the resume point", "this.#hash = soFar?.hash;", "this.#hash = undefined;"],
    [
      "all attempts stage under one key",
      "this.#stagedBy = soFar?.stagedBy ?? owner.stagedBy;",
      'this.#stagedBy = "1";',
    ],
    ["parts are numbered in the wrong order", "partNumber: index + 1,", "partNumber: this.#parts.length - index,"],
  ]),
  ...inFile("core/transfer/transfer.ts", [
    [
      "staged parts are not compared with the checkpoint",
      "return digest === partsDigest ? found.slice(0, index + 1) : undefined;",
      "return found.slice(0, index + 1);",
    ],
    [
      "a new version is appended to the old version's parts",
      "if (isAnotherVersion) return startOver(deps, owner, response, signal);",
      "if (isAnotherVersion) return new BodyStager(deps, owner, checkpoint, soFar).stage(response.body);",
    ],
    [
      "an error page is accepted as the body",
      "if (response.status !== 200) throw statusError(response, deps.clock.nowMs());",
      "",
    ],
    [
      "every listed part counts as acknowledged",
      "const parts = found ? acknowledgedParts(found, checkpoint) : isWhole ? [] : undefined;",
      "const parts = found ?? [];",
    ],
  ]),
  ...inFile("core/worker/publish.ts", [
    [
      "every job counts as the first to index its content",
      'return applied || item?.["job_id"] === jobId ? "INDEXED" : "DEDUPED";',
      'return "INDEXED";',
    ],
    ["a missing content object goes unnoticed", "if (!(await deps.content.head(key))) throw error;", ""],
    [
      "content is published under a wrong hash",
      "const key = contentKey(sha256);",
      'const key = contentKey(sha256.split("").reverse().join(""));',
    ],
  ]),
  ...inFile("core/worker/process-job.ts", [
    ["the expected digest is not compared", "refuseWrongDigest(record.expectedSha256, transfer);", ""],
    [
      "a job is finalized without being published",
      "outcome: await publishStaged(deps, jobId, transfer, signal),",
      'outcome: "created",',
    ],
    [
      "a job is INDEXED without an index entry",
      "outcome: await indexContent(deps, jobId, transfer),",
      'outcome: "INDEXED",',
    ],
    ["staging is not cleaned up", "    stagedBy: [transfer.stagedBy],\n", "    stagedBy: [],\n"],
    [
      "a failure is not recorded",
      "  await job.fail({ reason: error.reason, failureClass: error.failureClass });\n",
      "",
    ],
    [
      "a retry does not release the lease",
      "  await job.releaseForRetry({ reason: error.reason, failureClass: error.failureClass }, clock.nowMs() + delayMs);\n",
      "",
    ],
    ["a continuation does not release the lease", "  await job.releaseForContinuation();\n", ""],
    ["retries never end", "if (record.strikes > settings.retry.maxAttempts) throw", "if (record.strikes < 0) throw"],
    [
      "a transfer whose staged data is gone is kept",
      "if (error instanceof UploadGoneError || error instanceof StagedObjectGoneError) job.forgetTransfer();",
      "",
    ],
    ["the heartbeat never stops", "  } finally {\n    job.stop();\n  }", "  } finally {\n  }"],
  ]),
  ...inFile("core/worker/deliver.ts", [
    [
      "a message is acknowledged before its job is terminal",
      'if (end.kind === "retry") return await comeBack(deps, delivery, end.delayMs);',
      'if (end.kind === "retry") return "acknowledge";',
    ],
    [
      "a message is acknowledged although nothing was written",
      '    return "return";\n  }\n}\n\nasync function work(',
      '    return "acknowledge";\n  }\n}\n\nasync function work(',
    ],
    ["a poison message is dropped", "  await queue.sendToDeadLetters(body, reason);\n", ""],
  ]),
  ...inFile("core/worker/choose-path.ts", [
    ["a tracked message is not always guarded", "  if (message.tracked === true) return true;\n", ""],
    ["the gate document is not read", " && (await deps.gate.admits(jobId))) return true;", ") return true;"],
    [
      "the gate's ceiling is inverted",
      "if (gateAdmits(gateCeiling, jobId) && (",
      "if (!gateAdmits(gateCeiling, jobId) && (",
    ],
    [
      "a job with a record may switch to the unguarded path",
      "return receiveCount > 1 && hasRecord(deps, jobId);",
      "return false;",
    ],
    [
      "a record is looked up under the wrong key",
      "items.read(jobItemKey(jobId)))) !== undefined",
      "items.read(jobId))) !== undefined",
    ],
  ]),
  ...inFile("core/gate/gate-reader.ts", [
    [
      "an unreadable gate counts as open",
      "if (!this.#known) throw new GateUnknownError();",
      "if (!this.#known) return true;",
    ],
    [
      "an unreadable gate counts as shut",
      "if (!this.#known) throw new GateUnknownError();",
      "if (!this.#known) return false;",
    ],
    [
      "the gate admits every job unless it is at 0 %",
      "if (!gateAdmits(this.#known.percent, jobId)) return false;",
      "if (this.#known.percent === 0) return false;",
    ],
    ["a missing gate document counts as 0 %", "item ? gatePercentOf(item) : 100", "item ? gatePercentOf(item) : 0"],
  ]),
  ...inFile("core/recovery/revive-jobs.ts", [
    [
      "the reconciler recovers nothing",
      'if (!item || typeof watchAtMs !== "number" || watchAtMs > clock.nowMs()) return undefined;',
      "if (item ?? !item) return undefined;",
    ],
    [
      "the reconciler trusts the index without checking watch_at",
      " || watchAtMs > clock.nowMs()) return undefined;",
      ") return undefined;",
    ],
    ["the reconciler recovers a job but sends no message", "  await queue.send([messageOf(job)]);\n", ""],
    [
      "a recovery whose answer was lost sends no message",
      'if (!outcome.applied && outcome.item?.["recovered_by"] !== by) return undefined;',
      "if (!outcome.applied) return undefined;",
    ],
    [
      "a refused recovery counts as its own",
      'if (!outcome.applied && outcome.item?.["recovered_by"] !== by) return undefined;',
      "if (!outcome.item) return undefined;",
    ],
  ]),
  ...inFile("core/recovery/sweep-staging.ts", [
    [
      "the sweep removes what open jobs staged",
      'if (item) return isJobState(item["state"]) && isTerminal(item["state"]);',
      "if (item) return true;",
    ],
    [
      "the sweep keeps the litter of finished jobs",
      'if (item) return isJobState(item["state"]) && isTerminal(item["state"]);',
      "if (item) return false;",
    ],
    ["the sweep does not abort uploads", "else await staging.abortUpload({ key, uploadId });", ""],
  ]),
  ...inFile("core/stream/announce.ts", [
    ["a refused event is forgotten", "if (refusal === undefined) return undefined;", "return undefined;"],
    [
      "the stream continues at the last event, whichever was refused",
      "return refused.sequenceNumber;",
      "return due.at(-1)?.sequenceNumber;",
    ],
    [
      "the stream continues after the refused event",
      "return refused.sequenceNumber;",
      "return due[taken + 1]?.sequenceNumber;",
    ],
    [
      "publishing an event is not awaited",
      "const { taken, refusal } = await bus.publish(due.map(({ announcement }) => announcement));",
      "const { taken, refusal } = {};\n  bus.publish(due.map(({ announcement }) => announcement)).catch(() => undefined);",
    ],
  ]),
  ...inFile("core/stream/announcement-of.ts", [
    ["the announcement's id is the attempt's fence", "id: job.jobId,", 'id: String(job.fence).padStart(32, "0"),'],
    ["a job is announced whatever its state", '!isStored(after["state"]) || ', ""],
    ["finished_at is the time of the announcement", "new Date(last.atMs).toISOString()", "new Date().toISOString()"],
    ["every announcement says INDEXED", "state: job.state,", 'state: "INDEXED",'],
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
  ...inFile("lambdas/announcer/create-handler.ts", [
    [
      "a refused event is not reported as a batch failure",
      "goOnFrom === undefined ? [] : [{ itemIdentifier: goOnFrom }]",
      "[]",
    ],
  ]),
  ...inFile("core/recovery/redrive-failed.ts", [
    ["reopening sends no message", "  await queue.send([messageOf(job)]);\n", ""],
    [
      "a message is sent before its job is reopened",
      "  const by = random.uniqueId();\n",
      "  const by = random.uniqueId();\n  await queue.send([messageOf(job)]);\n",
    ],
    [
      "our own reopening counts as another operator's after its answer was lost",
      '(!applied && item["redriven_by"] !== by)',
      "!applied",
    ],
  ]),
  ...inFile("adapters/powertools/ledger.ts", [
    [
      "a recorded result is never replayed",
      'if (recorded?.status === "DONE") {',
      'if (recorded?.status === "ABANDONED") {',
    ],
    ["a started operation is replayed as a result", 'if (recorded?.status === "DONE") {', "if (recorded) {"],
  ]),
  ...MORE_MUTANTS,
];
