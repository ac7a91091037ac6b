/** Mutants that only the hazards of a schedule show, or invariants that watch times, limits, keys and open ends. */
import { inFile, type Mutant } from "./mutant.ts";

export const MORE_MUTANTS: readonly Mutant[] = [
  ...inFile("core/model/protocol.ts", [
    ["a job is never planned", "[[isNew], [isOpen, isAvailable(nowMs)]]", "[[isOpen, isAvailable(nowMs)]]"],
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
  ...inFile("core/model/keys.ts", [
    ["all attempts share one staging key", "`${STAGING_PREFIX}${jobId}/${stagedBy}`", "`${STAGING_PREFIX}${jobId}/1`"],
    ["the last shard of the watch index is forgotten", "{ length: WATCH_SHARDS }", "{ length: WATCH_SHARDS - 1 }"],
  ]),
  ...inFile("core/model/message.ts", [
    [
      "a message for a recorded job does not say so",
      "JSON.stringify({ ...message, tracked: true })",
      "JSON.stringify(message)",
    ],
  ]),
  ...inFile("core/worker/leased-job.ts", [
    [
      "a lease is renewed for the grace, not for its own time",
      "renewLease(this.lease, clock.nowMs(), settings.leaseTtlMs)",
      "renewLease(this.lease, clock.nowMs(), settings.requeueGraceMs)",
    ],
    [
      "a retry is watched after a lease's time, not after the grace",
      "[...this.#forgotten], notBeforeMs, requeueGraceMs)",
      "[...this.#forgotten], notBeforeMs, this.#deps.settings.leaseTtlMs)",
    ],
    [
      "a failed record is kept for a lease's time",
      "forgotten, clock.nowMs(), settings.recordRetentionMs)",
      "forgotten, clock.nowMs(), settings.leaseTtlMs)",
    ],
    [
      "a finished record is kept for a lease's time",
      "finishJob(this.lease, done, state, nowMs + settings.recordRetentionMs)",
      "finishJob(this.lease, done, state, nowMs + settings.leaseTtlMs)",
    ],
    [
      "our own write counts as another worker's after its answer was lost",
      "if (!item || (!applied && !isAtStep(item, this.lease, this.#step))) throw this.#lose();",
      "if (!item || !applied) throw this.#lose();",
    ],
  ]),
  ...inFile("core/worker/acquire-lease.ts", [
    ["a lease is taken for the grace", "ttlMs: settings.leaseTtlMs,", "ttlMs: settings.requeueGraceMs,"],
  ]),
  ...inFile("core/worker/deliver.ts", [
    ["a message is hidden for less than no time", "Math.max(0, delayMs)", "delayMs"],
    [
      "a continuation sends no message",
      '    if (end.kind === "continue") await deps.queue.send([trackedMessage(message)]);\n',
      "",
    ],
  ]),
  ...inFile("core/worker/retry.ts", [
    ["Retry-After is ignored", "if (retryAfterMs !== undefined) return", "if (retryAfterMs === -1) return"],
  ]),
  ...inFile("core/worker/clean-staging.ts", [
    [
      "a failed job's upload is aborted under another key",
      "key: stagingKey(jobId, unfinished.stagedBy), uploadId",
      'key: stagingKey(jobId, "0"), uploadId',
    ],
    ["a removal from staging is not awaited", "await staging.delete(key);", "void staging.delete(key);"],
  ]),
  ...inFile("core/worker/process-job.ts", [
    [
      "a failed job's staged object stays",
      "stagedBy: [job.stagedBy, checkpoint?.stagedBy, transfer?.stagedBy],",
      "stagedBy: [],",
    ],
    ["a failed job's upload stays", "    unfinished: checkpoint,\n", "    unfinished: undefined,\n"],
  ]),
  ...inFile("core/transfer/retry-after.ts", [
    ["Retry-After's seconds are read as milliseconds", "return Number(header) * 1000;", "return Number(header);"],
  ]),
  ...inFile("core/transfer/probe.ts", [
    ["HEAD's answer is not discarded", "  head.discard();\n", ""],
    ["the answer for the first byte is not discarded", "  first.discard();\n", ""],
  ]),
  ...inFile("core/transfer/origin.ts", [["a redirect is not discarded", "    response.discard();\n", ""]]),
  ...inFile("core/transfer/transfer.ts", [
    ["a reader's place is never given back", "    readers.release();\n", ""],
    [
      "an answer of no use to a resume is not discarded",
      "  response.discard();\n  if (response.status !== 206",
      "  if (response.status !== 206",
    ],
    [
      "a refused answer is not discarded",
      "  } catch (error) {\n    response.discard();\n    throw error;\n  }\n  return new BodyStager",
      "  } catch (error) {\n    throw error;\n  }\n  return new BodyStager",
    ],
  ]),
  ...inFile("core/transfer/body-stager.ts", [
    [
      "a failed part's buffer is used again",
      "      this.#failure ??= error;\n      this.#deps.buffers.letGo();",
      "      this.#failure ??= error;\n      this.#deps.buffers.giveBack(buffer);",
    ],
    [
      "a part's buffer is used again before the part is uploaded",
      "    const body = buffer.subarray(0, length);\n",
      "    const body = buffer.subarray(0, length);\n    buffers.giveBack(buffer);\n",
    ],
    ["the buffer of a part is never given back", "    this.#deps.buffers.giveBack(buffer);\n", ""],
    ["the buffer of a whole body is never given back", "        buffers.giveBack(last);\n", ""],
    ["the buffer of a body that was cut is never given back", "      if (held) buffers.letGo();\n", ""],
    [
      "a superseded upload is aborted under another key",
      "{ key: stagingKey(this.#owner.jobId, stagedBy), uploadId }",
      "{ key: stagingKey(this.#owner.jobId, this.#stagedBy), uploadId }",
    ],
    [
      "a superseded upload is aborted before a checkpoint takes its place",
      "        await this.#owner.saveCheckpoint(next, this.#isProgress);",
      "        await this.#abortSuperseded();\n        await this.#owner.saveCheckpoint(next, this.#isProgress);",
    ],
    ["a superseded upload is never aborted", "        await this.#abortSuperseded();\n", ""],
    [
      "a failed transfer does not wait for its parts",
      "      await this.#drain();\n      if (!(error",
      "      if (!(error",
    ],
    [
      "a superseded upload's abort is not awaited",
      "    await this.#deps.staging.abortUpload({ key:",
      "    void this.#deps.staging.abortUpload({ key:",
    ],
  ]),
  ...inFile("core/gate/gate-reader.ts", [
    ["an answer of the gate serves for ever", "if (!this.#isKnownFor(GATE_FRESH_MS)) await", "if (!this.#known) await"],
    [
      "an old answer admits jobs while reads fail",
      "if (!this.#isKnownFor(GATE_TRUSTED_MS)) throw new GateUnknownError();",
      "",
    ],
    [
      "an answer of the gate is trusted for ten hours",
      "if (!this.#isKnownFor(GATE_FRESH_MS)) await",
      "if (!this.#isKnownFor(36_000_000)) await",
    ],
  ]),
  ...inFile("core/gate/gate-protocol.ts", [
    ["a change of the gate has no version of its own", "seen ? seen.version + 1 : 1", "seen ? seen.version : 1"],
  ]),
  ...inFile("core/model/recovery-protocol.ts", [
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
  ...inFile("core/recovery/revive-jobs.ts", [
    ["the reconciler goes on at its limit", "    if (revived.length === deps.settings.recoverLimit) break;\n", ""],
    [
      "the limit of the index is one less",
      "items.watched(shard, nowMs, settings.recoverLimit)",
      "items.watched(shard, nowMs, settings.recoverLimit - 1)",
    ],
    ["the newest of what is due comes first", "a.watchAtMs - b.watchAtMs", "b.watchAtMs - a.watchAtMs"],
    ["the reconciler sees only the first shards", "watchShards().map(", "watchShards().slice(0, 4).map("],
    ["one shard that fails keeps the others waiting", "        return [];\n", "        throw error;\n"],
    [
      "one job that fails keeps the others waiting",
      "      else failures.add(`the job ${key} could not be recovered`, error);",
      "      else throw error;",
    ],
    [
      "one record that cannot be read keeps the others waiting",
      "if (error instanceof DamagedRecordError) unreadable += 1;",
      "if (error instanceof DamagedRecordError) throw error;",
    ],
    [
      "recovery does not wait for its message",
      "  await queue.send([messageOf(job)]);\n",
      "  void queue.send([messageOf(job)]);\n",
    ],
    ["a recovered job is not watched again for a day", "nowMs, settings.requeueGraceMs));", "nowMs, 86_400_000));"],
  ]),
  ...inFile("core/recovery/sweep-staging.ts", [
    [
      "the sweep never goes on",
      'await items.write(saveSweepCursor(typeof fence === "number" ? fence : undefined, page.next));',
      "",
    ],
    [
      "the sweep always starts anew",
      "staging.litter(cursorOf(place), settings.sweepLimit)",
      "staging.litter(undefined, settings.sweepLimit)",
    ],
    [
      "the sweep ignores its limit",
      "staging.litter(cursorOf(place), settings.sweepLimit)",
      "staging.litter(cursorOf(place), 1000)",
    ],
    [
      "an orphan's age is read for the sweep's limit",
      "staging.litter(cursorOf(place), settings.sweepLimit)",
      "staging.litter(cursorOf(place), settings.orphanAgeMs)",
    ],
    [
      "the sweep's limit is read for an orphan's age",
      "found.createdMs > settings.orphanAgeMs",
      "found.createdMs > settings.sweepLimit",
    ],
    [
      "an orphan's age is in seconds",
      "found.createdMs > settings.orphanAgeMs",
      "found.createdMs > settings.orphanAgeMs * 1000",
    ],
    [
      "the sweep removes young orphans",
      "return clock.nowMs() - found.createdMs > settings.orphanAgeMs;",
      "return true;",
    ],
    ["the sweep keeps orphans", "return clock.nowMs() - found.createdMs > settings.orphanAgeMs;", "return false;"],
    ["the sweep looks for records under another key", "records.get(keyOf(found))", "records.get(found.key)"],
    [
      "the sweep aborts uploads under another key",
      "await staging.abortUpload({ key, uploadId });",
      "await staging.abortUpload({ key: `${key}/`, uploadId });",
    ],
    [
      "the sweep does not wait for its removals",
      "      await remove(deps, found);\n",
      "      void remove(deps, found).catch(() => undefined);\n",
    ],
    [
      "what a record that cannot be read has staged is removed",
      'if (item) return isJobState(item["state"]) && isTerminal(item["state"]);',
      'if (item) return !isJobState(item["state"]) || isTerminal(item["state"]);',
    ],
  ]),
  ...inFile("core/recovery/redrive-failed.ts", [
    [
      "an operator sends a message for a job that another reopened",
      'if (!item || (!applied && item["redriven_by"] !== by)) return',
      "if (!item) return",
    ],
  ]),
  ...inFile("core/recovery/redrive-dead-letters.ts", [
    [
      "a dead letter is deleted before it is sent",
      "  await queue.send(valid.map(outgoing));\n",
      "  await deadLetters.delete(valid.map(({ letter }) => letter));\n  await queue.send(valid.map(outgoing));\n",
    ],
    ["a dead letter that was sent stays", "  await deadLetters.delete(valid.map(({ letter }) => letter));\n", ""],
  ]),
  ...inFile("lambdas/worker/create-handler.ts", [
    ["no message ever comes back", 'verdict === "return")', "verdict === undefined)"],
    ["every message comes back", 'verdict === "return")', "verdict !== undefined)"],
    ["the work ends with the invocation, not before", " - deps.settings.deadlineBufferMs;", ";"],
    ["the deadline's buffer is a lease's time", "deps.settings.deadlineBufferMs", "deps.settings.leaseTtlMs"],
    ["an invocation never runs out of time", "() => outOfTime.abort(new OutOfTimeError())", "() => undefined"],
  ]),
  ...inFile("lambdas/reconciler/create-handler.ts", [
    ["a run of the reconciler is not awaited", "async () => reconcile(deps)", "async () => void reconcile(deps)"],
  ]),
  ...inFile("adapters/aws/stream-records.ts", [
    [
      "a change's images are swapped",
      "before: itemOf(record.dynamodb?.OldImage),",
      "before: itemOf(record.dynamodb?.NewImage),",
    ],
    ["a change has no image before it", "before: itemOf(record.dynamodb?.OldImage),", "before: undefined,"],
  ]),
  ...inFile("adapters/powertools/ledger.ts", [
    [
      "an operation's completion is not awaited",
      "    await this.#journal.complete(",
      "    void this.#journal.complete(",
    ],
  ]),
];
