/** Mutants of the limits of hosts. */
import { inFile, type Mutant } from "../mutant.ts";

export const HOST_MUTANTS: readonly Mutant[] = [
  ...inFile("core/flow/host-plan.ts", [
    [
      "connections of other processes do not count",
      "others.reduce((sum, [, { connections }]) => sum + connections, 0)",
      "others.reduce((sum) => sum, 0)",
    ],
    ["connections in use do not count", "connections, 0) - wants.used)", "connections, 0))"],
    ["a dead process keeps its connections for ever", "name !== me && untilMs > nowMs", "name !== me && untilMs > 0"],
    ["further connections of a job do not count", "Math.min(wants.connections, free - entered)", "wants.connections"],
    ["a probe that is not sent is lost", "unsentProbes.includes(host.probeAtMs)", "unsentProbes.length < 0"],
    [
      "a host gets no rest",
      "const shutUntilMs = Math.max(host.restUntilMs, isProbe ? host.probeAtMs : 0);",
      "const shutUntilMs = isProbe ? host.probeAtMs : 0;",
    ],
    [
      "a connection is held for as long as a day",
      "return { connections, untilMs: nowMs + holdsMs, turnsMs };",
      "return { connections, untilMs: nowMs + 86_400_000, turnsMs };",
    ],
  ]),
  ...inFile("core/flow/host-pace.ts", [
    ["requests have no pace", "const beginMs = Math.max(reserved.nextAtMs, firstMs);", "const beginMs = firstMs;"],
    [
      "the pace has no room for a request that is late",
      "SECOND_MS + LATEST_MS + ON_THE_WAY_MS + ROUNDING_MS",
      "SECOND_MS - LATEST_MS",
    ],
    [
      "a slower pace of before goes on",
      "nextAtMs: Math.min(nextAtMs, lastAtMs + intervalMs + Math.max(0, lastGraceMs - graceMs)),",
      "nextAtMs,",
    ],
    [
      "a turn is given back though later ones are reserved",
      "Math.abs(ms + intervalMs - nextMs) <= ROUNDING_MS ? ms : nextMs",
      "Math.min(ms, nextMs)",
    ],
    [
      "a request to a slow host may be no later than one to a fast one",
      "  apartMs <= SECOND_MS\n",
      "  apartMs <= Infinity\n",
    ],
  ]),
  ...inFile("core/flow/host-pace.ts", [
    ["a robots.txt's delay makes no pace", "crawlMs > 0 ? keptApartMs(crawlMs) : 0", "0"],
    [
      "a robots.txt's delay has no room for a request that is late",
      "apartMs + mayBeLateMs(apartMs) + ON_THE_WAY_MS + ROUNDING_MS",
      "apartMs",
    ],
  ]),
  ...inFile("core/flow/host-rules-document.ts", [
    ["two operators overwrite each other's rules", "when: [[isAsSeen(seen)]]", "when: [[]]"],
    [
      "a rule of operators replaces all others",
      "(seen?.rules ?? []).filter((each) => each.pattern !== planned.pattern)",
      "(seen?.rules ?? []).filter(() => false)",
    ],
    ["a domain's rule comes before that of its host", "exactness(a) - exactness(b);", "exactness(b) - exactness(a);"],
  ]),
  ...inFile("core/flow/host-rules-reader.ts", [
    ["operators' rules are trusted however old they are", "if (!this.#document.isTrusted) throw", "if (false) throw"],
    ["operators' rules are never read", "    await this.#document.refresh();\n", ""],
  ]),
  ...inFile("core/flow/hosts.ts", [
    [
      "the environment's rules come before the operators'",
      "[...settings.hostRules, ...rules]",
      "[...rules, ...settings.hostRules]",
    ],
  ]),
  ...inFile("core/document/change-document.ts", [
    ["a change whose answer was lost is made twice", "after?.history.some(", "[].some("],
  ]),
  ...inFile("core/flow/host-record.ts", [
    ["two writers of a host overwrite each other", "when: [[isAsSeen]]", "when: [[]]"],
  ]),
  ...inFile("core/flow/host-desk.ts", [
    ["a probe that is not sent is not given back", "probeAtMs === undefined ? [] : [probeAtMs]", "[]"],
    ["connections are never given back", "    this.#used -= connections;\n", ""],
    [
      "connections are used when their time is over",
      "clock.after(holder.untilMs - clock.nowMs(), () => this.#lose())",
      "clock.after(holder.untilMs - clock.nowMs(), () => undefined)",
    ],
  ]),
  ...inFile("core/flow/host-entry.ts", [["a turn is given back twice", "({ ...news, unusedTurns: [] })", "news"]]),
  ...inFile("core/flow/visit.ts", [
    ["a turn that a job does not use is lost", "...(!isUsed && { turnMs: turn.atMs })", ""],
    ["a turn that a job has used is given back", "...(!isUsed && { turnMs", "...({ turnMs"],
    ["a request is sent although it is late", "if (lateMs <= graceMs) return;", "return;"],
    [
      "a time from before robots.txt was known is kept",
      "!place.isUsed && place.turn.crawlMs >= desk.crawlMs",
      "!place.isUsed",
    ],
    [
      "only a job's first request needs a place",
      "if (first === undefined) first = await this.#furtherRequest(desk, url, 0);",
      "if (first === undefined) return undefined;",
    ],
  ]),
  ...inFile("core/origin/ask.ts", [
    ["requests need no place at their host", "await visit.admit(url, request.signal);", "undefined;"],
    [
      "a request is due before there is a connection",
      "  const whenDue = async (): Promise<void> => {\n    await untilDue?.();\n",
      "  await untilDue?.();\n  const whenDue = async (): Promise<void> => {\n",
    ],
    ["a host's answers tell nothing of it", "    await visit.answered(url, askedAtMs, response);\n", ""],
  ]),
  ...inFile("core/invocation/work-batch.ts", [
    [
      "a further message that must come back is deleted",
      '    if (verdict === "return") {\n      if (isOwn) this.returned.add(messageId);\n    } else if (!isOwn)',
      '    if (isOwn && verdict === "return") this.returned.add(messageId);\n    else if (!isOwn)',
    ],
    ["a batch's message that must come back is deleted", "if (isOwn) this.returned.add(messageId);", "{}"],
    ["every message comes back", 'if (verdict === "return") {', "if (verdict !== undefined) {"],
    [
      "a further message is deleted when it is taken",
      "    await this.#await(taken);",
      "    await this.#await(taken);\n    this.#receipts.push(...taken.map(({ receiptHandle }) => receiptHandle));\n    await this.#forget();",
    ],
  ]),
  ...inFile("core/invocation/regroup.ts", [
    ["a message without a group is only acknowledged", "    await deps.queue.send([...again.values()]);\n", ""],
    [
      "a message that the queue refused again is acknowledged",
      "    return new Set();\n  }",
      "    return new Set(again.keys());\n  }",
    ],
    ["a recorded job's message is given a group", " || message.tracked === true", ""],
  ]),
  ...inFile("core/worker/unguarded.ts", [
    [
      "a job without a lease goes on when its place was given to others",
      "AbortSignal.any([deps.visit.lost, outOfTime])",
      "outOfTime",
    ],
  ]),
  ...inFile("core/worker/arrive.ts", [
    [
      "a job that waits for its host gets no message",
      "end: hasRecord ? await waitRecorded(deps, waiting) : waitUnrecorded(waiting) };",
      'end: { kind: "done" } };',
    ],
    [
      "the record of a job that waits for its host does not say so",
      "hasRecord ? await waitRecorded(deps, waiting) : waitUnrecorded(waiting)",
      "waitUnrecorded(waiting)",
    ],
    [
      "the message of a job whose lease nobody watches is acknowledged while its host rests",
      "if (!applied && isLeft && !isUnwatched)",
      "if (!applied && isLeft)",
    ],
  ]),
  ...inFile("core/model/waiting.ts", [
    ["a leased job is postponed", '      { attribute: "lease_owner", is: "absent" },\n', ""],
    ["a wait is shortened", '      { attribute: "available_at", is: "<=", than: nowMs },\n', ""],
    ["a postponed job is watched too early", "watch_at: untilMs + graceMs", "watch_at: nowMs + graceMs"],
  ]),
  ...inFile("core/worker/process-job.ts", [
    ["a job is charged for waiting for its host", "isCharged: !wait || hasStartedOver(job)", "isCharged: true"],
    ["a job may start over for ever at a paced host", "isCharged: !wait || hasStartedOver(job)", "isCharged: !wait"],
  ]),
  ...inFile("core/transfer/steady-body.ts", [
    [
      "a body may break for ever at a paced host",
      "if (!(error instanceof HostWaitsError) || tear instanceof HostWaitsError) throw error;",
      "throw error;",
    ],
  ]),
  ...inFile("core/worker/choose-path.ts", [
    [
      "a job that has waited is guarded whatever the gate says",
      "if (message.tracked === true && !isSentAgain) return true;",
      "if (message.tracked === true) return true;",
    ],
  ]),
];
