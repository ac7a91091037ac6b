/** Mutants of the worker, the ledger and the gate. */
import { inFile, type Mutant } from "../mutant.ts";

export const WORKER_MUTANTS: readonly Mutant[] = [
  ...inFile("core/worker/leased-job.ts", [
    [
      "a lease's writes are not numbered",
      "items.write(asStep(whole.write, this.#step));",
      "items.write({ ...whole.write, set: { ...whole.write.set, step: this.#step } });",
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
    [
      "a lease is renewed for the grace, not for its own time",
      "renewLease(this.lease, clock.nowMs(), settings.leaseTtlMs)",
      "renewLease(this.lease, clock.nowMs(), settings.requeueGraceMs)",
    ],
    [
      "a retry is watched after a lease's time, not after the grace",
      "-dispatchAheadMs : requeueGraceMs;",
      "-dispatchAheadMs : this.#deps.settings.leaseTtlMs;",
    ],
    [
      "a failed record is kept for a lease's time",
      "forgotten, clock.nowMs(), settings.recordRetentionMs)",
      "forgotten, clock.nowMs(), settings.leaseTtlMs)",
    ],
    [
      "a finished record is kept for a lease's time",
      "const expiresAtMs = nowMs + settings.recordRetentionMs;",
      "const expiresAtMs = nowMs + settings.leaseTtlMs;",
    ],
    [
      "our own write counts as another worker's after its answer was lost",
      "if (!item || (!applied && !isAtStep(item, this.lease, this.#step))) throw this.#lose();",
      "if (!item || !applied) throw this.#lose();",
    ],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    [
      "our own lease counts as another worker's after its answer was lost",
      "outcome.applied || record.leaseOwner === owner",
      "outcome.applied",
    ],
    ["a finished job counts as leased", "if (isTerminal(record.state)) {", "if (record.jobId === '') {"],
    ["a lease is taken for the grace", "ttlMs: settings.leaseTtlMs,", "ttlMs: settings.requeueGraceMs,"],
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
    [
      "what had a wrong digest is kept",
      "if (isWrong || error instanceof UploadGoneError",
      "if (error instanceof UploadGoneError",
    ],
    [
      "an upload with a wrong digest is left behind",
      "  if (isWrong) await cleanStaging(",
      "  if (!isWrong) await cleanStaging(",
    ],
    [
      "a job is finalized without being published",
      "outcome: await publishStaged(deps, jobId, transfer, signal),",
      'outcome: "created",',
    ],
    [
      "a job is INDEXED without an index entry",
      "const outcome = await indexContent(deps, jobId, transfer);",
      'const outcome = "INDEXED";',
    ],
    [
      "staging is not cleaned up",
      "stagedBy: transfer.isUnchanged || transfer.placed ? [] : [transfer.stagedBy],",
      "stagedBy: [],",
    ],
    [
      "a failure is not recorded",
      "  await job.fail({ reason: error.reason, failureClass: error.failureClass });\n",
      "",
    ],
    [
      "a retry does not release the lease",
      "  await job.releaseForRetry(trouble, { notBeforeMs: clock.nowMs() + delayMs, isParked, isCharged });\n",
      "",
    ],
    ["a continuation does not release the lease", "  await job.releaseForContinuation();\n", ""],
    ["retries never end", "if (record.strikes > settings.retry.maxAttempts) throw", "if (record.strikes < 0) throw"],
    [
      "a transfer whose staged data is gone is kept",
      "if (isWrong || error instanceof UploadGoneError || error instanceof StagedObjectGoneError) job.forgetTransfer();",
      "if (isWrong) job.forgetTransfer();",
    ],
    ["the heartbeat never stops", "    stopLooking();\n    job.stop();\n", "    stopLooking();\n"],
    [
      "a failed job's staged object stays",
      "stagedBy: [job.stagedBy, checkpoint?.stagedBy, transfer?.stagedBy],",
      "stagedBy: [],",
    ],
    ["a failed job's upload stays", "    unfinished: checkpoint,\n", "    unfinished: undefined,\n"],
  ]),
  ...inFile("core/worker/deliver.ts", [
    [
      "a message is acknowledged before its job is terminal",
      'if (end.kind === "return") return await comeBack(deps, delivery, end.delayMs);',
      'if (end.kind === "return") return "acknowledge";',
    ],
    [
      "a message is acknowledged although nothing was written",
      '    return "return";\n  }\n}\n\nasync function work(',
      '    return "acknowledge";\n  }\n}\n\nasync function work(',
    ],
    ["a poison message is dropped", "  await queue.sendToDeadLetters(body, reason);\n", ""],
  ]),
  ...inFile("core/worker/choose-path.ts", [
    ["the gate document is not read", " && (await deps.gate.admits(jobId))) return true;", ") return true;"],
    [
      "the gate's ceiling is inverted",
      "if (gateAdmits(gateCeiling, jobId) && (",
      "if (!gateAdmits(gateCeiling, jobId) && (",
    ],
    ["a job with a record may switch to the unguarded path", "return hasRecord(deps, jobId);", "return false;"],
    [
      "a record is looked up under the wrong key",
      "items.read(jobItemKey(jobId)))) !== undefined",
      "items.read(jobId))) !== undefined",
    ],
  ]),
  ...inFile("core/gate/gate-reader.ts", [
    [
      "an unreadable gate counts as open",
      "if (known === undefined) throw new GateUnknownError();",
      "if (known === undefined) return true;",
    ],
    [
      "an unreadable gate counts as shut",
      "if (known === undefined) throw new GateUnknownError();",
      "if (known === undefined) return false;",
    ],
    [
      "the gate admits every job unless it is at 0 %",
      "if (!gateAdmits(known, jobId)) return false;",
      "if (known === 0) return false;",
    ],
    ["a missing gate document counts as 0 %", "(item ? gatePercentOf(item) : 100)", "(item ? gatePercentOf(item) : 0)"],
    ["an old answer admits jobs while reads fail", "if (!this.#document.isTrusted) throw new GateUnknownError();", ""],
  ]),
  ...inFile("core/document/document-reader.ts", [
    [
      "an answer of a document serves for ever",
      "if (this.#isKnownFor(DOCUMENT_FRESH_MS)) return;",
      "if (this.#known) return;",
    ],
    [
      "an answer of a document is trusted for ten hours",
      "if (this.#isKnownFor(DOCUMENT_FRESH_MS)) return;",
      "if (this.#isKnownFor(36_000_000)) return;",
    ],
  ]),
  ...inFile("core/document/change-document.ts", [
    ["a change of a document has no version of its own", "seen ? seen.version + 1 : 1", "seen ? seen.version : 1"],
  ]),
  ...inFile("adapters/powertools/ledger.ts", [
    [
      "a recorded result is never replayed",
      'if (recorded?.status === "DONE") {',
      'if (recorded?.status === "ABANDONED") {',
    ],
    ["a started operation is replayed as a result", 'if (recorded?.status === "DONE") {', "if (recorded) {"],
    [
      "an operation's completion is not awaited",
      "    await this.#journal.complete(",
      "    void this.#journal.complete(",
    ],
  ]),
  ...inFile("core/worker/retry.ts", [
    ["Retry-After is ignored", "if (askedMs !== undefined) {", "if (askedMs === -1) {"],
  ]),
  ...inFile("core/worker/clean-staging.ts", [
    [
      "a failed job's upload is aborted under another key",
      "key: stagingKey(jobId, unfinished.stagedBy), uploadId",
      'key: stagingKey(jobId, "0"), uploadId',
    ],
    ["a removal from staging is not awaited", "await staging.delete(key);", "void staging.delete(key);"],
  ]),
  ...inFile("lambdas/worker/create-handler.ts", [
    ["the work ends with the invocation, not before", " - deps.settings.deadlineBufferMs;", ";"],
    ["the deadline's buffer is a lease's time", "deps.settings.deadlineBufferMs", "deps.settings.leaseTtlMs"],
    [
      "an invocation never runs out of time",
      "deps.clock.after(workMs, end)",
      "deps.clock.after(workMs, () => undefined)",
    ],
  ]),
];
