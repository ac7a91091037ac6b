import { describe, expect, it } from "vitest";
import { releaseHolders } from "../../../../core/flow/dead-holders.ts";
import { Hosts } from "../../../../core/flow/hosts.ts";
import { hostItemKey } from "../../../../core/flow/host-record.ts";
import { RetryableError } from "../../../../core/model/errors.ts";
import { KEEPS_NONE } from "../../../../core/ports/http.ts";
import { answer, fileOrigin, settled, type Origin, type World } from "../../../simulation/world.ts";
import { A, another, B, BODY, jobAt, limited, requestsTo } from "./support.ts";

const held = (w: World, host: string) => w.items.all.get(hostItemKey(host))?.["holders"];

/** An origin that answers GET when it is told to. */
function gatedOrigin(): { readonly origin: Origin; readonly open: () => void } {
  const gate = Promise.withResolvers<void>();
  const file = fileOrigin(BODY);
  return {
    origin: async (request) => {
      if (request.method === "GET") await gate.promise;
      return file(request);
    },
    open: gate.resolve,
  };
}

describe("a host with a limit of connections", () => {
  it("a job without a place costs no write of its own: its message is sent again, and says since when it waits", async () => {
    const w = limited([["*", { connections: 1 }]]);
    const { open, origin } = gatedOrigin();
    w.serve(origin);
    const first = w.deliver(jobAt(A, 1));
    await settled();
    const nowMs = w.clock.nowMs();
    expect(await w.deliver(jobAt(A, 2), undefined, another(w))).toBe("acknowledge");
    expect(w.job(jobAt(A, 2))).toBeUndefined();
    expect(w.sent).toHaveLength(1);
    const [again] = w.sent;
    expect(JSON.parse(again?.body ?? "")).toEqual({
      ...jobAt(A, 2),
      tracked: true,
      sent_at: nowMs,
      waiting_since: nowMs,
    });
    expect(again).toMatchObject({ group: A, delayMs: 320 });
    open();
    await first;
    expect(w.job(jobAt(A, 1))?.state).toBe("INDEXED");
  });

  it("the connection is free again after the job", async () => {
    const w = limited([["*", { connections: 1 }]]);
    await w.deliver(jobAt(A, 1));
    await w.clock.advance(100);
    expect(held(w, A)).toEqual({});
    await w.deliver(jobAt(A, 2), undefined, another(w));
    expect(w.job(jobAt(A, 2))?.state).toBe("DEDUPED");
  });

  it("kept connections are closed before others may open as many, and not before", async () => {
    const w = limited([["*", { connections: 2 }]]);
    const heldAtClose: unknown[] = [];
    const pool = {
      closeIdle: async (host: string) => void heldAtClose.push(host, Object.values(held(w, host) ?? {}).length),
    };
    const deps = { ...w.deps, hosts: new Hosts({ ...w.deps, pool }) };
    await w.deliver(jobAt(A, 1), undefined, deps);
    expect(heldAtClose).toEqual([]);
    await w.clock.advance(100);
    expect(heldAtClose).toEqual([A, 1]);
    expect(held(w, A)).toEqual({});
  });

  it("what dead processes held is given back, and what others hold is not", async () => {
    const w = limited([["*", { connections: 2 }]]);
    w.serve(async () => new Promise(() => undefined));
    void w.deliver(jobAt(A, 1), undefined, another(w));
    await settled();
    const [dead = ""] = Object.keys(held(w, A) ?? {});
    void w.deliver(jobAt(A, 2), undefined, another(w));
    await settled();
    const living = Object.keys(held(w, A) ?? {}).find((name) => name !== dead);
    await releaseHolders(w.deps, A, (name) => name === dead);
    expect(Object.keys(held(w, A) ?? {})).toEqual([living]);
    w.serve(fileOrigin(BODY));
    await w.deliver(jobAt(A, 3), undefined, another(w));
    expect(w.job(jobAt(A, 3))?.state).toBe("INDEXED");
  });

  it("the process's next job takes it without a write", async () => {
    const w = limited([["*", { connections: 1 }]]);
    await w.deliver(jobAt(A, 1));
    const before = w.items.all.get(hostItemKey(A))?.["version"];
    await w.deliver(jobAt(A, 2));
    expect(w.job(jobAt(A, 2))?.state).toBe("DEDUPED");
    expect(w.items.all.get(hostItemKey(A))?.["version"]).toBe(before);
  });

  it("jobs of one batch take their connections in one write, and give them back in one", async () => {
    const w = limited([["*", { connections: 10 }]]);
    await Promise.all(Array.from({ length: 10 }, async (_, n) => w.deliver(jobAt(A, n))));
    await w.deps.hosts.settle();
    expect(held(w, A)).toEqual({});
    // The first job's write may be on its way when the others come.
    expect(w.items.all.get(hostItemKey(A))?.["version"]).toBeLessThanOrEqual(3);
  });

  it("a dead process keeps its connections until its lease would have ended", async () => {
    const w = limited([["*", { connections: 1 }]]);
    w.serve(async () => new Promise(() => undefined));
    const dead = another(w);
    void w.deliver(jobAt(A, 1), undefined, { ...dead, clock: { ...w.clock, every: () => () => undefined } });
    await settled();
    w.serve(fileOrigin(BODY));
    await w.clock.advance(w.deps.settings.leaseTtlMs - 1);
    await w.deliver(jobAt(A, 2), undefined, another(w));
    expect(w.job(jobAt(A, 2))).toBeUndefined();
  });

  it("a redirect counts at the host that it leads to", async () => {
    const w = limited([
      [A, "unlimited"],
      [B, { connections: 1 }],
    ]);
    const { open, origin } = gatedOrigin();
    w.serve(async (request) =>
      new URL(request.url).host === A
        ? answer({ status: 302, headers: { location: `https://${B}/file` } })
        : origin(request),
    );
    const first = w.deliver(jobAt(A, 1));
    await settled();
    expect(Object.values(held(w, B) ?? {})).toMatchObject([{ n: 1 }]);
    await w.deliver(jobAt(A, 2), undefined, another(w));
    expect(w.job(jobAt(A, 2))).toMatchObject({ state: "LEASED", strikes: 0, attempts: 0, reason: "host_full" });
    open();
    await first;
  });

  it("a mirror is used while the first host has no place", async () => {
    const w = limited([[A, { connections: 1 }]]);
    const { open, origin } = gatedOrigin();
    w.serve(async (request) => (new URL(request.url).host === A ? origin(request) : fileOrigin(BODY)(request)));
    const first = w.deliver(jobAt(A, 1));
    await settled();
    const message = { ...jobAt(A, 2), mirrors: [`https://${B}/mirror`] };
    await w.deliver(message, undefined, another(w));
    expect(w.job(message)?.state).toBe("INDEXED");
    expect(requestsTo(w, B)).toBe(2);
    open();
    await first;
  });
});

describe("a host that asks for rest", () => {
  it.each([
    ["429 and Retry-After", { status: 429, headers: { "retry-after": "30" } }],
    ["503 and Retry-After", { status: 503, headers: { "retry-after": "30" } }],
    ["a rate limit that is used up", { status: 429, headers: { "ratelimit-remaining": "0", "ratelimit-reset": "30" } }],
  ])("gets no request of any worker before its time: %s", async (_title, asks) => {
    const w = limited([["*", {}]]);
    w.serve(() => answer(asks));
    await w.deliver(jobAt(A, 1));
    const asked = requestsTo(w, A);
    w.serve(fileOrigin(BODY));
    for (let n = 2; n < 12; n++) {
      await w.clock.advance(2_900);
      await w.deliver(jobAt(A, n), undefined, another(w));
    }
    expect(requestsTo(w, A)).toBe(asked);
    await w.deliver(jobAt(B, 1), undefined, another(w));
    expect(w.job(jobAt(B, 1))?.state).toBe("INDEXED");
    await w.clock.advance(2_000);
    await w.deliver(jobAt(A, 12), undefined, another(w));
    expect(w.job(jobAt(A, 12))?.state).toBe("DEDUPED");
  });

  it("a success that says that nothing remains is a rest as well, and no failure", async () => {
    const w = limited([["*", {}]]);
    w.serve(async (request) => {
      const file = await fileOrigin(BODY)(request);
      return { ...file, headers: { ...file.headers, "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30" } };
    });
    await w.deliver(jobAt(A, 1));
    expect(w.items.all.get(hostItemKey(A))).toMatchObject({ rest_until: w.clock.nowMs() + 30_000, failures: 0 });
  });

  it("Retry-After of a success means nothing", async () => {
    const w = limited([["*", {}]]);
    w.serve(async (request) => {
      const file = await fileOrigin(BODY)(request);
      return { ...file, headers: { ...file.headers, "retry-after": "30" } };
    });
    await w.deliver(jobAt(A, 1));
    expect(w.job(jobAt(A, 1))?.state).toBe("INDEXED");
    expect(w.items.all.has(hostItemKey(A))).toBe(false);
  });

  it("404 with Retry-After speaks of one file", async () => {
    const w = limited([["*", {}]]);
    w.serve(() => answer({ status: 404, headers: { "retry-after": "30" } }));
    await w.deliver(jobAt(A, 1));
    expect(w.items.all.has(hostItemKey(A))).toBe(false);
  });

  it("is told with the next write if the table refuses this one", async () => {
    const w = limited([["*", {}]]);
    let isDown = false;
    const items = {
      ...w.deps.items,
      write: async (write: Parameters<typeof w.deps.items.write>[0]) => {
        if (isDown && write.key.startsWith("HOST#")) throw new RetryableError("table", { failureClass: "system" });
        return w.deps.items.write(write);
      },
    };
    const deps = { ...w.deps, items, hosts: new Hosts({ ...w.deps, items, pool: KEEPS_NONE }) };
    w.serve(() => answer({ status: 429, headers: { "retry-after": "30" } }));
    isDown = true;
    await w.deliver(jobAt(A, 1), undefined, deps);
    isDown = false;
    await w.deliver(jobAt(A, 2), undefined, deps);
    expect(w.items.all.get(hostItemKey(A))?.["rest_until"]).toBe(w.clock.nowMs() + 30_000);
    expect(w.job(jobAt(A, 2))).toBeUndefined();
  });
});
