import { describe, expect, it } from "vitest";
import { KEEPS_NONE } from "../../../../core/ports/http.ts";
import { Hosts, type OpenVisit } from "../../../../core/flow/hosts.ts";
import { hostItemKey } from "../../../../core/flow/host-record.ts";
import { settled, type World, writingBy } from "../../../simulation/world.ts";
import { A, jobAt, limited } from "./support.ts";

const URL_AT_A = jobAt(A).url;
const held = (w: World): object[] => Object.values(w.items.all.get(hostItemKey(A))?.["holders"] ?? {});

async function giveToOthers(w: World): Promise<void> {
  const item = w.items.all.get(hostItemKey(A));
  await w.items.write({ key: hostItemKey(A), when: [[]], set: { ...item, version: 9, holders: {} } });
}

async function visitOf(hosts: Pick<Hosts, "arrive">): Promise<OpenVisit> {
  const arrival = await hosts.arrive([URL_AT_A]);
  if (arrival.kind === "later") throw new Error("There is no place.");
  return arrival.visit;
}

describe("a place that was given to others", () => {
  it.each([
    ["with a lease", 100],
    ["without a lease", 0],
  ])("stops its job: one %s", async (_title, gateCeiling) => {
    const w = limited([["*", { connections: 1 }]], { leaseTtlMs: 90_000, gateCeiling });
    let signal: AbortSignal | undefined;
    w.serve(async (request) => {
      signal = request.signal;
      return new Promise((_resolve, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason as Error), { once: true });
      });
    });
    const job = w.deliver(jobAt(A, 1));
    await settled();
    await giveToOthers(w);
    await w.clock.advance(30_000);
    await job;
    expect(signal?.reason).toMatchObject({ reason: "host_place_lost" });
    expect(w.job(jobAt(A, 1))?.reason).toBe(gateCeiling > 0 ? "host_place_lost" : undefined);
  });

  it("is asked for anew if the table's answer comes when its time is over", async () => {
    const w = limited([["*", { connections: 1 }]], { leaseTtlMs: 10_000 });
    const answered = Promise.withResolvers<void>();
    const late = writingBy(async (pass) => {
      const result = await pass();
      await answered.promise;
      return result;
    });
    const visiting = visitOf(new Hosts({ ...late(w.deps), pool: KEEPS_NONE }));
    await settled();
    await w.clock.advance(11_000);
    answered.resolve();
    const visit = await visiting;
    expect(visit.lost.aborted).toBe(false);
    expect(held(w)).toEqual([expect.objectContaining({ until: w.clock.nowMs() + 10_000 })]);
    visit.leave();
  });

  it("gets no further connections: they would never be given back", async () => {
    const w = limited([["*", { connections: 8 }]]);
    const visit = await visitOf(w.deps.hosts);
    await giveToOthers(w);
    await w.clock.advance(200);
    expect(await visit.widen(URL_AT_A, 3)).toBe(0);
    expect(visit.lost.reason).toMatchObject({ reason: "host_place_lost" });
    visit.leave();
    await w.clock.advance(100);
    expect(held(w)).toEqual([]);
  });
});
