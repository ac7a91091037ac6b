import type { Change } from "./tree.ts";

/** A way to break the protocol, which the simulator must notice. */
export interface Mutant extends Change {
  readonly what: string;
}

const inFile = (file: string, mutants: readonly (readonly [what: string, find: string, put: string])[]): Mutant[] =>
  mutants.map(([what, find, put]) => ({ what, file, find, put }));

export const MUTANTS: readonly Mutant[] = [
  ...inFile("core/model/protocol.ts", [
    [
      "every write to a job without its fence",
      `  { attribute: "fence", is: "=", than: lease.fence },
  { attribute: "lease_owner", is: "=", than: lease.owner },`,
      "",
    ],
    ["a lease taken whoever holds it", "[isOpen, isAvailable(nowMs)]", "[isOpen]"],
    ["a lease taken on a finished job", "[isOpen, isAvailable(nowMs)]", "[]"],
    ["a lease that only new jobs get", "[[isNew], [isOpen, isAvailable(nowMs)]]", "[[isNew]]"],
    ["a lease without a new fence", "add: { fence: 1, attempts: 1, strikes: 1 }", "add: { attempts: 1, strikes: 1 }"],
    ["attempts that nobody counts", "add: { fence: 1, attempts: 1, strikes: 1 }", "add: { fence: 1 }"],
    ["a lease that nobody watches", "watch_shard: watchShardOf(jobId) },", "},"],
    ["a lease that is watched too late", "watch_at: expiresAtMs,", "watch_at: expiresAtMs + 600_000,"],
    ["a recovery that undoes what was completed since it looked", "        ...abandoned.map(isStillStarted),\n", ""],
    [
      "a recovery that makes a wait end",
      "...(seen.leaseOwner !== undefined && { available_at: 0 })",
      "available_at: 0",
    ],
    ["a lease for ever", "available_at: expiresAtMs,", "available_at: expiresAtMs + 3_600_000,"],
    ["a record without its URL", "      url: message.url,\n", ""],
    ["a record without its work", "      work_id: message.work_id,\n", ""],
    [
      "a record without the expected digest",
      "...(message.sha256 !== undefined && { expected_sha256: message.sha256 }),",
      "",
    ],
    [
      "a renewal that the index does not see",
      "{ available_at: nowMs + ttlMs, watch_at: nowMs + ttlMs }",
      "{ available_at: nowMs + ttlMs }",
    ],
    [
      "a renewal that nobody else respects",
      "{ available_at: nowMs + ttlMs, watch_at: nowMs + ttlMs }",
      "{ watch_at: nowMs + ttlMs }",
    ],
    [
      "a finished job that keeps its lease",
      'remove: [...LEASE_ATTRIBUTES, ...TROUBLE_ATTRIBUTES, "checkpoint"],',
      "remove: [],",
    ],
    [
      "a completion that leaves the state",
      "started ? [done, started] : [done]), state }",
      "started ? [done, started] : [done]) }",
    ],
    [
      "a failed job that keeps its lease",
      '...LEASE_ATTRIBUTES, ...forgotten, "checkpoint"',
      '...forgotten, "checkpoint"',
    ],
    [
      "a retry that keeps its lease",
      'watch_at: notBeforeMs + graceMs },\n    remove: ["lease_owner", ...forgotten],',
      "watch_at: notBeforeMs + graceMs },\n    remove: [...forgotten],",
    ],
    [
      "a useless result that is kept",
      'watch_at: notBeforeMs + graceMs },\n    remove: ["lease_owner", ...forgotten],',
      'watch_at: notBeforeMs + graceMs },\n    remove: ["lease_owner"],',
    ],
    ["a retry that nobody watches", "watch_at: notBeforeMs + graceMs }", "watch_at: notBeforeMs + 3_600_000 }"],
    [
      "a continuation that nobody may take",
      "      available_at: nowMs,\n      watch_at: nowMs + graceMs,",
      "      available_at: nowMs + 3_600_000,\n      watch_at: nowMs + graceMs,",
    ],
    [
      "a recovery that does not look again",
      `        isOpen,
        { attribute: "fence", is: "=", than: seen.fence },
        { attribute: "watch_at", is: "=", than: watchAtMs },
        ...abandoned.map(isStillStarted),
`,
      "",
    ],
    [
      "a recovery without a new fence",
      '    add: { fence: 1 },\n    remove: ["lease_owner"],',
      '    remove: ["lease_owner"],',
    ],
    [
      "a recovery that is never repeated",
      "watch_at: nowMs + graceMs,\n      ...(seen.leaseOwner",
      "watch_at: nowMs + 36_000_000,\n      ...(seen.leaseOwner",
    ],
    [
      "a job reopened whatever its fence",
      'when: [[isFailed, { attribute: "fence", is: "=", than: seen.fence }]],',
      "when: [[isFailed]],",
    ],
    ["a job reopened without a new fence", "add: { fence: 1, redrives: 1 },", "add: { redrives: 1 },"],
    ["a reopened job that nobody watches", "      watch_shard: watchShardOf(seen.jobId),\n", ""],
    [
      "a reopened job that is watched too late",
      "watch_at: nowMs + graceMs,\n      watch_shard: watchShardOf(seen.jobId),",
      "watch_at: nowMs + 36_000_000,\n      watch_shard: watchShardOf(seen.jobId),",
    ],
    ["a reopened job that expires", '"failed_at", "expires_at"]', '"failed_at"]'],
    ["a job reopened with its budget spent", "      strikes: 0,\n      hops: 0,", "      hops: 0,"],
    ["a reopened job that nobody may take", "      available_at: 0,\n", ""],
    [
      "a reopened job that keeps what was removed from staging",
      "remove: [...FAILED_ATTRIBUTES, ...(isPublished(seen) ? [] : OPERATION_ATTRIBUTES)],",
      "remove: FAILED_ATTRIBUTES,",
    ],
    [
      "a published job that is downloaded again",
      'operations.FINALIZE?.status === "DONE";',
      'operations.FINALIZE?.status === "ABANDONED";',
    ],
    [
      "an index entry that is overwritten",
      "    when: [[isNew]],\n    set: {\n      job_id",
      "    when: [[]],\n    set: {\n      job_id",
    ],
  ]),
  ...inFile("core/worker/leased-job.ts", [
    [
      "a refused write taken for a success",
      "if (!outcome.applied && !this.#isOurOwn(outcome.item)) throw this.#lose();",
      "",
    ],
    ["no renewal", "await this.#write(renewLease(this.lease, clock.nowMs(), settings.leaseTtlMs));", ""],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    [
      "our own lease, its answer lost, taken for another's",
      "outcome.applied || record.leaseOwner === owner",
      "outcome.applied",
    ],
    ["a finished job taken for a lease", 'if (isTerminal(record.state)) return { kind: "finished" };', ""],
  ]),
  ...inFile("core/transfer/resume.ts", [
    ["a resume without If-Range", '  "if-range": checkpoint.validator,\n', ""],
    ["a 206 believed wherever it starts", "    range?.start === checkpoint.offset &&\n", ""],
    [
      "any answer taken for the rest",
      "    response.status === 206 &&\n    range?.start === checkpoint.offset &&\n    range.totalBytes === checkpoint.totalBytes &&\n",
      "",
    ],
    [
      "a file that is complete when something is staged",
      'checkpoint.offset === checkpoint.totalBytes ? "complete"',
      'checkpoint.offset > 0 ? "complete"',
    ],
    ["a resume one byte late", "range: `bytes=${checkpoint.offset}-`", "range: `bytes=${checkpoint.offset + 1}-`"],
  ]),
  ...inFile("core/transfer/body-stager.ts", [
    [
      "starting over taken for progress",
      "this.#isProgress = this.#superseded === undefined;",
      "this.#isProgress = true;",
    ],
    [
      "a checkpoint before its parts are acknowledged",
      "const pending = this.#parts.findIndex((part) => part.etag === undefined);",
      "const pending = -1;",
    ],
    [
      "a torn body taken for whole",
      "if (totalBytes !== undefined && totalBytes !== this.#received) throw",
      "if (totalBytes === -1) throw",
    ],
    [
      "a failed part that nobody notices",
      "      this.#failure ??= error;\n      this.#deps.buffers.letGo();",
      "      this.#deps.buffers.letGo();",
    ],
    [
      "an upload that is left behind",
      "if (this.#upload && this.#savedParts === 0) await this.#deps.staging.abortUpload(this.#upload);",
      "",
    ],
    [
      "a resumed body whose earlier parts are forgotten",
      'this.#parts = soFar?.parts.map(({ bytes, etag }) => ({ bytes, etag, hashState: "" })) ?? [];',
      "this.#parts = [];",
    ],
    ["a resumed body hashed from its middle", "this.#hash = soFar?.hash;", "this.#hash = undefined;"],
    [
      "all attempts under one staging key",
      "this.#stagedBy = soFar?.stagedBy ?? owner.stagedBy;",
      'this.#stagedBy = "1";',
    ],
    ["parts sent in the wrong order", "partNumber: index + 1,", "partNumber: this.#parts.length - index,"],
  ]),
  ...inFile("core/transfer/transfer.ts", [
    [
      "parts that are not compared with the checkpoint",
      "return digest === partsDigest ? found.slice(0, index + 1) : undefined;",
      "return found.slice(0, index + 1);",
    ],
    [
      "a new version appended to the old one's parts",
      "if (isAnotherVersion) return startOver(deps, owner, response, signal);",
      "if (isAnotherVersion) return new BodyStager(deps, owner, checkpoint, soFar).stage(response.body);",
    ],
    [
      "an error page taken for the body",
      "if (response.status !== 200) throw statusError(response, deps.clock.nowMs());",
      "",
    ],
    [
      "all parts taken for staged",
      "const parts = found ? acknowledgedParts(found, checkpoint) : isWhole ? [] : undefined;",
      "const parts = found ?? [];",
    ],
  ]),
  ...inFile("core/worker/publish.ts", [
    [
      "whoever comes to the index is first",
      'return applied || item?.["job_id"] === jobId ? "INDEXED" : "DEDUPED";',
      'return "INDEXED";',
    ],
    ["content that is not looked at", "if (!(await deps.content.head(key))) throw error;", ""],
    [
      "published under another hash",
      "const key = contentKey(sha256);",
      'const key = contentKey(sha256.split("").reverse().join(""));',
    ],
  ]),
  ...inFile("core/worker/process-job.ts", [
    ["a digest that nobody compares", "refuseWrongDigest(record.expectedSha256, transfer);", ""],
    [
      "finalized without being published",
      "outcome: await publishStaged(deps, jobId, transfer),",
      'outcome: "created",',
    ],
    ["indexed without an entry", "outcome: await indexContent(deps, jobId, transfer),", 'outcome: "INDEXED",'],
    ["staging that is not cleaned", "    stagedBy: [transfer.stagedBy],\n", "    stagedBy: [],\n"],
    [
      "a failure that is not recorded",
      "  await job.fail({ reason: error.reason, failureClass: error.failureClass });\n",
      "",
    ],
    [
      "a retry that does not give the lease back",
      "  await job.releaseForRetry({ reason: error.reason, failureClass: error.failureClass }, clock.nowMs() + delayMs);\n",
      "",
    ],
    ["a continuation that does not give the lease back", "  await job.releaseForContinuation();\n", ""],
    ["retries without end", "if (record.strikes > settings.retry.maxAttempts) throw", "if (record.strikes < 0) throw"],
    [
      "a useless transfer that is kept",
      "if (error instanceof UploadGoneError || error instanceof StagedObjectGoneError) job.forgetTransfer();",
      "",
    ],
    ["a heartbeat that never ends", "  } finally {\n    job.stop();\n  }", "  } finally {\n  }"],
  ]),
  ...inFile("core/worker/deliver.ts", [
    [
      "acknowledged before it is terminal",
      'if (end.kind === "retry") return await comeBack(deps, delivery, end.delayMs);',
      'if (end.kind === "retry") return "acknowledge";',
    ],
    [
      "acknowledged though nothing was written",
      '    return "return";\n  }\n}\n\nasync function work(',
      '    return "acknowledge";\n  }\n}\n\nasync function work(',
    ],
    ["poison that is swallowed", "  await queue.sendToDeadLetters(body, reason);\n", ""],
  ]),
  ...inFile("core/worker/choose-path.ts", [
    ["the gate before the record", "  if (message.tracked === true) return true;\n", ""],
    ["a gate that is not asked", " && (await deps.gate.admits(jobId))) return true;", ") return true;"],
    [
      "a gate that lets nobody in",
      "if (gateAdmits(gateCeiling, jobId) && (",
      "if (!gateAdmits(gateCeiling, jobId) && (",
    ],
    ["a job that changes sides", "return receiveCount > 1 && hasRecord(deps, jobId);", "return false;"],
    [
      "a record that is taken for none",
      "items.read(jobItemKey(jobId)))) !== undefined",
      "items.read(jobId))) !== undefined",
    ],
  ]),
  ...inFile("core/gate/gate-reader.ts", [
    [
      "a gate that is taken for open where it cannot be read",
      "if (!this.#known) throw new GateUnknownError();",
      "if (!this.#known) return true;",
    ],
    [
      "a gate that is taken for shut where it cannot be read",
      "if (!this.#known) throw new GateUnknownError();",
      "if (!this.#known) return false;",
    ],
    [
      "a gate that opens by all jobs",
      "if (!gateAdmits(this.#known.percent, jobId)) return false;",
      "if (this.#known.percent === 0) return false;",
    ],
    ["a gate whose absence shuts it", "item ? gatePercentOf(item) : 100", "item ? gatePercentOf(item) : 0"],
  ]),
  ...inFile("core/recovery/reconcile.ts", [
    [
      "no recovery",
      'if (!item || typeof watchAtMs !== "number" || watchAtMs > clock.nowMs()) return undefined;',
      "if (item ?? !item) return undefined;",
    ],
    ["a recovery that believes the index", " || watchAtMs > clock.nowMs()) return undefined;", ") return undefined;"],
    ["a recovery that sends nothing", "  await queue.send([messageOf(job)]);\n", ""],
    ["a sweep of open jobs", "if (item) return isTerminal(decodeJob(item).state);", "if (item) return true;"],
    ["a sweep of nothing", "if (item) return isTerminal(decodeJob(item).state);", "if (item) return false;"],
    ["a sweep that leaves uploads", "else await staging.abortUpload({ key, uploadId });", ""],
  ]),
  ...inFile("core/stream/announce.ts", [
    ["a refused event that is forgotten", "if (refusal === undefined) return undefined;", "return undefined;"],
    [
      "on from the last event, whichever was refused",
      "return refused.sequenceNumber;",
      "return due.at(-1)?.sequenceNumber;",
    ],
    ["on from behind the refused event", "return refused.sequenceNumber;", "return due[taken + 1]?.sequenceNumber;"],
    [
      "events that nobody waits for",
      "const { taken, refusal } = await bus.publish(due.map(({ announcement }) => announcement));",
      "const { taken, refusal } = {};\n  bus.publish(due.map(({ announcement }) => announcement)).catch(() => undefined);",
    ],
  ]),
  ...inFile("core/stream/announcement-of.ts", [
    ["announced under the attempt's name", "id: job.jobId,", 'id: String(job.fence).padStart(32, "0"),'],
    ["announced whatever has become of it", '!isStored(after["state"]) || ', ""],
    ["announced with the time at which it is told", "new Date(last.atMs).toISOString()", "new Date().toISOString()"],
    ["announced as the first, always", "state: job.state,", 'state: "INDEXED",'],
  ]),
  ...inFile("core/model/states.ts", [
    [
      "announced before it is final",
      'export const STORED_STATES = ["INDEXED", "DEDUPED"]',
      'export const STORED_STATES = ["FINALIZED", "INDEXED", "DEDUPED"]',
    ],
    [
      "what another job stored first is not announced",
      'export const STORED_STATES = ["INDEXED", "DEDUPED"]',
      'export const STORED_STATES = ["INDEXED"]',
    ],
  ]),
  ...inFile("lambdas/announcer/create-handler.ts", [
    ["a failure that is not reported", "goOnFrom === undefined ? [] : [{ itemIdentifier: goOnFrom }]", "[]"],
  ]),
  ...inFile("core/recovery/redrive-failed.ts", [
    ["a reopening that sends nothing", "  await queue.send([messageOf(job)]);\n", ""],
    [
      "a message sent before its job is open",
      "  const by = random.uniqueId();\n",
      "  const by = random.uniqueId();\n  await queue.send([messageOf(job)]);\n",
    ],
    ["our own reopening, its answer lost, taken for another's", '(!applied && item["redriven_by"] !== by)', "!applied"],
  ]),
  ...inFile("adapters/powertools/ledger.ts", [
    [
      "a result that is never replayed",
      'if (recorded?.status === "DONE") {',
      'if (recorded?.status === "ABANDONED") {',
    ],
    ["a start that is replayed as a result", 'if (recorded?.status === "DONE") {', "if (recorded) {"],
  ]),
];
