/** Mutants of the reconciler and the redrives. */
import { inFile, type Mutant } from "../mutant.ts";

export const RECOVERY_MUTANTS: readonly Mutant[] = [
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
    ["the reconciler goes on at its limit", "revived.length + dispatched + underWay < settings.recoverLimit && ", ""],
    [
      "the reconciler does not count the jobs that it is recovering",
      "revived.length + dispatched + underWay",
      "revived.length + dispatched",
    ],
    [
      "the reconciler recovers nothing at its limit of one",
      "< settings.recoverLimit &&",
      "< settings.recoverLimit - 1 &&",
    ],
    [
      "one job that fails keeps the others waiting",
      "          failures.add(`the job ${entry.key} could not be recovered`, error);",
      "          throw error;",
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
  ...inFile("core/recovery/due.ts", [
    ["the index is not asked as far as the limit", "beforeMs, limit)", "beforeMs, limit - 2)"],
    ["the reconciler sees only the first shards", "watchShards().values()", "watchShards().slice(0, 4).values()"],
    [
      "one shard that fails keeps the others waiting",
      "        failures.add(`shard ${shard} of the watch index could not be read`, error);\n",
      "        throw error;\n",
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
  ...inFile("lambdas/reconciler/create-handler.ts", [
    ["a run of the reconciler is not awaited", "async () => reconcile(deps)", "async () => void reconcile(deps)"],
  ]),
];
