import { describe, expect, it } from "vitest";
import { KEEPS_NONE } from "../../../../core/ports/http.ts";
import { changeDocumentBy } from "../../../../core/document/change-document.ts";
import {
  DOCUMENT_FRESH_MS,
  DOCUMENT_READ_PAUSE_MS,
  DOCUMENT_TRUSTED_MS,
} from "../../../../core/document/document-reader.ts";
import { commandHostRule, readHostRules } from "../../../../core/flow/command-host-rules.ts";
import { limitsOf } from "../../../../core/flow/host-limits.ts";
import { HOST_RULES, type Limits } from "../../../../core/flow/host-rules-document.ts";
import { HOST_RULES_KEY, hostRulesOf } from "../../../../core/flow/host-rules-found.ts";
import { HostRulesReader } from "../../../../core/flow/host-rules-reader.ts";
import { Hosts } from "../../../../core/flow/hosts.ts";
import { hostItemKey } from "../../../../core/flow/host-record.ts";
import type { Item } from "../../../../core/model/write.ts";
import type { Items } from "../../../../core/ports/items.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { simulatedItems } from "../../../simulation/services/items.ts";
import { settled, simulatedClock, fileOrigin } from "../../../simulation/world.ts";
import { A, B, BODY, jobAt, limited } from "./support.ts";

/** An operator at a table. */
function operator(items: Items = simulatedItems()) {
  const clock = simulatedClock();
  const set = async (pattern: string, limits: Limits | undefined) =>
    commandHostRule({ clock, items }, { pattern, limits, reason: "a test" }, "ada");
  const patterns = async () => (await readHostRules(items))?.rules.map(({ pattern }) => pattern);
  return { clock, items, set, patterns };
}

describe("the operators' rules", () => {
  it("are kept from the least exact to the most exact, in whatever order they are set", async () => {
    const { patterns, set } = operator();
    for (const pattern of ["b.a.example", "*.a.example", "*", "*.b.a.example", "*.example", "a.b.a.example"])
      await set(pattern, { connections: 1 });
    expect(await patterns()).toEqual([
      "*",
      "*.example",
      "*.a.example",
      "*.b.a.example",
      "a.b.a.example",
      "b.a.example",
    ]);
  });

  it("hold by the most exact pattern, and by the others when it is removed", async () => {
    const { items, set } = operator();
    const found = async () => limitsOf(hostRulesOf((await items.read(HOST_RULES_KEY)) ?? {}).rules, "a.example");
    await set("a.example", { connections: 1 });
    await set("*.example", { perSecond: 2 });
    expect(await found()).toEqual({ connections: 1 });
    await set("a.example", undefined);
    expect(await found()).toEqual({ perSecond: 2 });
    await set("*.example", "unlimited");
    expect(await found()).toBeUndefined();
  });

  it("are a hundred at most, and the history keeps the last 50 changes", async () => {
    const { items, patterns, set } = operator();
    for (let host = 0; host < 100; host++) await set(`${host}.example`, { connections: 1 });
    await expect(set("one-more.example", { connections: 1 })).rejects.toThrow("First unset one");
    await set("7.example", { connections: 2 });
    expect(await patterns()).toHaveLength(100);
    const { history = [], version } = (await readHostRules(items)) ?? {};
    expect([version, history.length, history.at(-1)?.version]).toEqual([101, 50, 101]);
  });

  it("set by two operators at once are both in force", async () => {
    const plain = simulatedItems();
    const { set: setMeanwhile } = operator(plain);
    let isFirst = true;
    const { patterns, set } = operator({
      ...plain,
      write: async (write) => {
        if (isFirst) {
          isFirst = false;
          await setMeanwhile("b.example", { connections: 1 });
        }
        return plain.write(write);
      },
    });
    await set("a.example", { connections: 1 });
    expect(await patterns()).toEqual(["a.example", "b.example"]);
  });

  it.each(["at once", "after another change"])(
    "a change whose answer was lost, and that is sent again %s, is made once",
    async (when) => {
      const plain = simulatedItems();
      const { set: setMeanwhile } = operator(plain);
      const { clock } = operator();
      const repeating: Items = {
        ...plain,
        write: async (write) => {
          await plain.write(write);
          if (when === "after another change") await setMeanwhile("b.example", { connections: 1 });
          return plain.write(write);
        },
      };
      const planned = { pattern: "a.example", limits: "unlimited", reason: "once" } as const;
      const { change } = await changeDocumentBy({ clock, items: repeating }, HOST_RULES, "ada", () => planned);
      expect(change).toMatchObject({ version: 1, to: "unlimited" });
      const { history = [] } = (await readHostRules(plain)) ?? {};
      expect(history.filter(({ pattern }) => pattern === "a.example")).toHaveLength(1);
    },
  );
});

describe("what a worker reads of the document", () => {
  it.each<[string, Item, ReturnType<typeof hostRulesOf>]>([
    ["nothing of it", { pk: HOST_RULES_KEY, rules: "all" }, { rules: [], problem: "it has no list of rules" }],
    [
      "of a later release: fields that are not known are left out",
      {
        pk: HOST_RULES_KEY,
        version: "8a",
        rules: [{ pattern: "*", limits: { connections: 2, color: "red" }, since: 1 }],
      },
      { rules: [["*", { connections: 2 }]], problem: undefined },
    ],
    [
      "of which one rule is not understood: the others hold",
      {
        pk: HOST_RULES_KEY,
        rules: [
          { pattern: "*", limits: { connections: 2 } },
          { pattern: "a.example", limits: "paused" },
        ],
      },
      { rules: [["*", { connections: 2 }]], problem: "1 of 2 rules are not understood" },
    ],
  ])("%s", (_what, item, found) => {
    expect(hostRulesOf(item)).toEqual(found);
  });
});

/** A worker whose environment sets the limits, and an operator. Reads of the rules can be made to fail. */
function deployed(connections: number | "unlimited") {
  const w = limited([["*", connections === "unlimited" ? connections : { connections }]]);
  let reads = 0;
  let isDown = false;
  const items: Items = {
    ...w.items,
    read: async (key) => {
      if (key !== HOST_RULES_KEY) return w.items.read(key);
      reads += 1;
      if (isDown) throw new Error("throttled");
      return w.items.read(key);
    },
  };
  const operators = new HostRulesReader({ ...w.deps, items });
  const mine: WorkerDeps = { ...w.deps, hosts: new Hosts({ ...w.deps, operators, pool: KEEPS_NONE }) };
  return {
    w,
    reads: () => reads,
    fail: (isFailing: boolean) => (isDown = isFailing),
    deliverMine: async (host: string, n: number) => w.deliver(jobAt(host, n), undefined, mine),
    set: async (pattern: string, limits: Limits | undefined) =>
      commandHostRule({ clock: w.clock, items: w.items }, { pattern, limits, reason: "a test" }, "ada"),
    held: (host: string) => w.items.all.get(hostItemKey(host))?.["holders"],
  };
}

describe("a worker with operators", () => {
  it("reads the rules once for all jobs of a process, once in 15 s, and only when a job comes", async () => {
    const { deliverMine, reads, w } = deployed("unlimited");
    expect(reads()).toBe(0);
    await Promise.all(Array.from({ length: 10 }, async (_, n) => deliverMine(A, n)));
    await w.clock.advance(DOCUMENT_FRESH_MS - 1);
    await deliverMine(B, 1);
    expect(reads()).toBe(1);
    await w.clock.advance(10 * DOCUMENT_FRESH_MS);
    expect(reads()).toBe(1);
    await deliverMine(B, 2);
    expect(reads()).toBe(2);
  });

  it("an operator's rule for all hosts comes before the environment's, and counts within 15 s", async () => {
    const { deliverMine, set, w } = deployed(8);
    await deliverMine(A, 0);
    await set("*", { connections: 1 });
    await w.clock.advance(DOCUMENT_FRESH_MS);
    w.serve(async () => new Promise(() => undefined));
    void deliverMine(A, 1);
    void deliverMine(A, 2);
    await w.clock.advance(1000);
    expect([w.job(jobAt(A, 1)), w.job(jobAt(A, 2))].filter((each) => each !== undefined)).toHaveLength(1);
  });

  it("a limit that is taken away lets everybody in, and what was held is given back", async () => {
    const { deliverMine, held, set, w } = deployed(1);
    const open = Promise.withResolvers<void>();
    w.serve(async (request) => {
      await open.promise;
      return fileOrigin(BODY)(request);
    });
    const first = deliverMine(A, 1);
    await settled();
    await set(A, "unlimited");
    await w.clock.advance(DOCUMENT_FRESH_MS);
    const second = deliverMine(A, 2);
    await settled();
    expect(w.job(jobAt(A, 2))).toBeDefined();
    open.resolve();
    await Promise.all([first, second]);
    await w.clock.advance(1000);
    expect(held(A)).toEqual({});
  });

  it("a damaged document is reported, and the environment's rules hold", async () => {
    const { deliverMine, held, w } = deployed(1);
    await w.items.write({ key: HOST_RULES_KEY, when: [[]], set: { version: 1, rules: "none" } });
    await deliverMine(A, 1);
    expect(w.job(jobAt(A, 1))?.state).toBe("INDEXED");
    expect(held(A)).toBeDefined();
    expect(w.logs.join("\n")).toContain("error: The operators' rules of hosts are damaged");
  });

  it("goes by its last answer for 30 s while it cannot read the rules. Then messages come back", async () => {
    const { deliverMine, fail, w } = deployed("unlimited");
    await deliverMine(A, 0);
    fail(true);
    await w.clock.advance(DOCUMENT_TRUSTED_MS - 1);
    expect(await deliverMine(A, 1)).toBe("acknowledge");
    await w.clock.advance(1);
    expect(await deliverMine(A, 2)).toBe("return");
    expect(w.job(jobAt(A, 2))).toBeUndefined();
    expect(w.logs.join("\n")).toContain("The rules of hosts cannot be read.");
    fail(false);
    await w.clock.advance(DOCUMENT_READ_PAUSE_MS);
    expect(await deliverMine(A, 2)).toBe("acknowledge");
  });

  it("a process that has never read the rules begins nothing", async () => {
    const { deliverMine, fail, w } = deployed("unlimited");
    fail(true);
    expect(await deliverMine(A, 1)).toBe("return");
    expect(w.requests).toEqual([]);
  });

  it("a job that is under way learns of a new limit with its next request", async () => {
    const { deliverMine, set, w } = deployed("unlimited");
    const head = Promise.withResolvers<void>();
    w.serve(async (request) => {
      if (request.method === "HEAD") await head.promise;
      return fileOrigin(BODY)(request);
    });
    const first = deliverMine(A, 1);
    await settled();
    await set(A, { perSecond: 0.01 });
    await w.clock.advance(DOCUMENT_FRESH_MS);
    const second = deliverMine(A, 2);
    await w.clock.advance(1000);
    await second;
    head.resolve();
    await first;
    expect(w.job(jobAt(A, 1))).toMatchObject({ reason: "host_full", attempts: 0 });
  });
});

it("without operators nobody reads the table for rules", async () => {
  const w = limited([["*", { connections: 1 }]]);
  const asked: string[] = [];
  const items: Items = {
    ...w.items,
    read: async (key) => {
      asked.push(key);
      return w.items.read(key);
    },
  };
  await w.deliver(jobAt(A, 1), undefined, {
    ...w.deps,
    items,
    hosts: new Hosts({ ...w.deps, items, pool: KEEPS_NONE }),
  });
  expect(asked).toContain(hostItemKey(A));
  expect(asked).not.toContain(HOST_RULES_KEY);
});
