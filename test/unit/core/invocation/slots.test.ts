import { describe, expect, it } from "vitest";
import type { HttpResponse } from "../../../../core/ports/http.ts";
import { PartBuffers } from "../../../../core/transfer/part-buffers.ts";
import { HostLines } from "../../../../local/worker/host-lines.ts";
import { Slots, type Slot } from "../../../../core/invocation/slots.ts";
import { answer, settled, world } from "../../../simulation/world.ts";

const COUNT = 8;
/** Longer than an origin may be silent before its delivery is quiet. */
const LONG_MS = 800;
/** Longer than a slot is double. */
const OVER_MS = 2_000;
const MOST = 32 * COUNT;
const REQUEST = { method: "GET", url: "http://a.example/", headers: {}, signal: new AbortController().signal } as never;

describe("a delivery", () => {
  /** A delivery that has one slot, and one buffer to wait for. */
  const opened = (serve: () => Promise<HttpResponse>) => {
    const w = world();
    const slots = new Slots(w.clock, 1);
    const slot = slots.begin("a.example");
    const deps = { ...w.deps, http: { request: serve }, buffers: new PartBuffers(1, 8) };
    return { ...w, slots, slot, own: slot.watch.watched(deps), plain: deps };
  };
  const never = new Promise<never>(() => undefined);

  it("holds its slot while its origin answers in time, and lets it go when it does not", async () => {
    const { clock, own, slots } = opened(async () => never);
    void own.http.request(REQUEST);
    await clock.advance(LONG_MS - 100);
    expect(slots.free).toBe(0);
    await clock.advance(100);
    expect(slots.free).toBeGreaterThan(0);
  });

  it("takes a slot again when its origin speeds up, and lets it go when it dribbles", async () => {
    const pieces = Array.from({ length: 3 }, () => Promise.withResolvers<Uint8Array>());
    const { clock, own, slots } = opened(async () => {
      async function* body(): AsyncGenerator<Uint8Array> {
        for (const piece of pieces) yield await piece.promise;
        await never;
      }
      return answer({ body: body() });
    });
    const { body } = await own.http.request(REQUEST);
    const reading = body[Symbol.asyncIterator]();
    const next = async (index: number, bytes: number): Promise<void> => {
      const read = reading.next();
      pieces[index]?.resolve(new Uint8Array(bytes));
      await read;
    };
    const waiting = reading.next();
    await clock.advance(LONG_MS + OVER_MS);
    expect(slots.free).toBe(1);
    pieces[0]?.resolve(new Uint8Array(2_000));
    await waiting;
    expect(slots.free).toBe(0);
    await next(1, 10);
    void reading.next();
    await clock.advance(LONG_MS);
    expect(slots.free).toBe(1);
    pieces[2]?.resolve(new Uint8Array(10));
    await settled();
    expect(slots.free).toBe(1);
  });

  it("holds its slot while this machine keeps it waiting, unless other bodies have the buffers", async () => {
    const { clock, own, plain, slots } = opened(async () => answer({ body: Buffer.from("x") }));
    await own.http.request(REQUEST);
    await clock.advance(10 * LONG_MS);
    expect(slots.free).toBe(0);
    await plain.buffers.take();
    void own.buffers.take();
    await clock.advance(LONG_MS);
    expect(slots.free).toBeGreaterThan(0);
  });

  it("whose origin throttles gives the time of its slot to others, and one that is served does not", async () => {
    for (const [status, extra] of [
      [429, 1],
      [503, 1],
      [404, 0],
      [200, 0],
    ] as const) {
      const { clock, own, slot, slots } = opened(async () => answer({ status }));
      await own.http.request(REQUEST);
      await clock.advance(400);
      slot.end();
      expect([status, slots.free]).toEqual([status, 1 + extra]);
      await clock.advance(400);
      expect([status, slots.free]).toEqual([status, 1]);
    }
  });

  it("whose connection breaks counts as one whose origin throttles", async () => {
    const { clock, own, slot, slots } = opened(async () => Promise.reject(new Error("reset")));
    await expect(own.http.request(REQUEST)).rejects.toThrow("reset");
    await clock.advance(400);
    slot.end();
    expect(slots.free).toBe(2);
  });
});

describe("quiet deliveries", () => {
  /** As many silent deliveries of each host as are admitted. */
  const fill = async (hosts: readonly string[]) => {
    const { clock, deps } = world();
    const slots = new Slots(clock, COUNT);
    const begun: Slot[] = [];
    const silent = { ...deps, http: { request: async () => new Promise<never>(() => undefined) } };
    const quiet = new Map<string, number>();
    for (let turn = 0; turn < 100; turn++) {
      for (let at = 0; slots.free > 0 && at < hosts.length * COUNT; at++) {
        const host = hosts[at % hosts.length] ?? "";
        if (!slots.admits(host)) continue;
        const slot = slots.begin(host);
        begun.push(slot);
        void slot.watch.watched(silent).http.request(REQUEST);
        quiet.set(host, (quiet.get(host) ?? 0) + 1);
      }
      await clock.advance(LONG_MS);
    }
    return { begun, clock, quiet, slots };
  };

  it("of one host are at most about a fifth of what a process carries", async () => {
    const { begun, quiet, slots } = await fill(["sick.example"]);
    expect(quiet.get("sick.example")).toBeGreaterThan(MOST / 5);
    expect(begun.length).toBeLessThan(MOST / 5 + 3 * COUNT);
    expect([slots.admits("sick.example"), slots.admits("well.example")]).toEqual([false, true]);
  });

  it("of any number of hosts leave all slots to others", async () => {
    const { begun, quiet, slots } = await fill(Array.from({ length: 40 }, (_, n) => `sick-${n}.example`));
    expect(quiet.size).toBe(40);
    expect(begun.length).toBeLessThan(MOST - COUNT);
    expect(slots.admits("well.example")).toBe(true);
    expect(slots.free).toBe(COUNT);
  });

  it("leave nothing behind when they end", async () => {
    const { begun, clock, slots } = await fill(["sick.example"]);
    for (const slot of begun) slot.end();
    await clock.advance(OVER_MS);
    expect(slots.free).toBe(COUNT);
    expect(slots.admits("sick.example")).toBe(true);
  });
});

it("messages of a host that is full wait in a line of their host, a hundred a second", async () => {
  const { clock } = world();
  const lines = new HostLines(clock);
  expect([lines.join("a"), lines.join("a"), lines.join("a"), lines.join("b")]).toEqual([1000, 1010, 1020, 1000]);
  await clock.advance(500);
  expect(lines.join("a")).toBe(1000);
});
