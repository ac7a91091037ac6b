import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { contentKey } from "../../../../core/model/keys.ts";
import { PartBuffers } from "../../../../core/transfer/part-buffers.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { fileOrigin, MESSAGE, PART_BYTES, PIECE_BYTES, settled, world, type World } from "../../../simulation/world.ts";

const LEASE_TTL_MS = 120_000;
const RECONCILE_EVERY_MS = 60_000;
const BUFFERS = 4;
/** The part being read and the two in flight. The piece of the body just received is lost as well. */
const MOST_PARTS_LOST = 3;

type Fault = "crash before the call" | "crash after its effect" | "zombie: the answer comes after a takeover";
const FAULTS: readonly Fault[] = [
  "crash before the call",
  "crash after its effect",
  "zombie: the answer comes after a takeover",
];

const never = new Promise<never>(() => undefined);

/** A worker that dies at its nth call of a port, or stands still there until `wake` is called. */
function faultyWorker(deps: WorkerDeps, at: number, fault: Fault) {
  let calls = 0;
  let isDead = false;
  const { promise: asleep, resolve: wake } = Promise.withResolvers<void>();

  const call = async (run: () => Promise<unknown>): Promise<unknown> => {
    if (isDead) return never;
    calls += 1;
    if (calls !== at) return run();
    if (fault === "zombie: the answer comes after a takeover") {
      const result = await run();
      await asleep;
      return result;
    }
    isDead = true;
    if (fault === "crash after its effect") await run();
    return never;
  };
  const wrapped = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => call(async () => Reflect.apply(method, target, args) as Promise<unknown>);
      },
    });
  const worker: WorkerDeps = {
    ...deps,
    http: wrapped(deps.http),
    items: wrapped(deps.items),
    staging: wrapped(deps.staging),
    content: wrapped(deps.content),
    // A process of its own: buffers that it holds when it dies are lost to no other worker.
    buffers: new PartBuffers(BUFFERS, PART_BYTES),
    // A worker that stands still sends no heartbeat either.
    clock: { ...deps.clock, every: () => () => undefined },
  };
  return { worker, wake, calls: () => calls };
}

const SCENARIOS = [
  { name: "single PUT", body: Buffer.from("small") },
  { name: "multipart", body: Buffer.from("a body of several parts, each of eight bytes") },
  { name: "multipart of full parts", body: Buffer.alloc(3 * PART_BYTES, "x") },
];

/** Brings a job back whose worker is gone: the lease expires, the reconciler runs, and its messages are delivered. */
async function recover(w: World): Promise<void> {
  await w.clock.advance(LEASE_TTL_MS + 1);
  await w.reconcile();
  for (const { body } of w.sent.splice(0)) await w.deliver(body);
  await w.clock.advance(RECONCILE_EVERY_MS);
}

function checkPromises(w: World, body: Buffer): void {
  const sha256 = createHash("sha256").update(body).digest("hex");
  expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256, bytes: body.length } });
  expect([...w.contentObjects]).toMatchObject([[contentKey(sha256), { body }]]);
  expect([...w.contentWrites.values()]).toEqual([1]);
  expect([...w.items.all.keys()].filter((key) => key.startsWith("HASH#"))).toHaveLength(1);
  const fences = w.items.history.filter(({ after }) => "fence" in after).map(({ after }) => after["fence"] as number);
  expect(fences).toEqual([...fences].sort((a, b) => a - b));
  const indexedEvents = w.events.filter((event) => event.event === "job_state_changed" && event.to_state === "INDEXED");
  expect(indexedEvents.length).toBeLessThanOrEqual(1);
}

describe.each(SCENARIOS)("a download by $name", ({ body }) => {
  it.each(FAULTS)(
    "takes effect once, loses nothing and leaves no litter after a fault at any call: %s",
    async (fault) => {
      let boundaries = 0;
      for (let at = 1; ; at++) {
        const w = world();
        w.serve(fileOrigin(body));
        const { worker, wake, calls } = faultyWorker(w.deps, at, fault);
        let isSettled = false;
        const first = w.deliver(MESSAGE, undefined, worker).then(() => {
          isSettled = true;
          return undefined;
        });
        for (let turn = 0; turn < 20; turn++) await settled();
        if (isSettled && calls() < at) break;
        boundaries += 1;
        // The queue delivers the message again, early and late. After a crash before the first write, nothing else can
        // bring the job back.
        await w.deliver();
        await recover(w);
        await w.deliver();
        wake();
        await settled();
        if (fault === "zombie: the answer comes after a takeover") await first;
        await recover(w);
        await w.reconcile();
        checkPromises(w, body);
        expect([...w.stagedObjects.keys(), ...w.uploads.keys()], `litter after a fault at call ${at}`).toEqual([]);
      }
      expect(boundaries).toBeGreaterThanOrEqual(9);
    },
  );

  it("fetches at most three parts and a piece again after a crash at any call", async () => {
    for (let at = 1; at < 40; at++) {
      const w = world();
      let fetched = 0;
      const origin = fileOrigin(body);
      w.serve(async (request) => {
        const response = await origin(request);
        return { ...response, body: counted(response.body, (bytes) => (fetched += bytes)) };
      });
      const { worker } = faultyWorker(w.deps, at, "crash after its effect");
      void w.deliver(MESSAGE, undefined, worker);
      for (let turn = 0; turn < 20; turn++) await settled();
      await recover(w);
      await w.deliver();
      expect(w.job()?.state).toBe("INDEXED");
      expect(fetched - body.length).toBeLessThanOrEqual(MOST_PARTS_LOST * PART_BYTES + PIECE_BYTES);
    }
  });
});

async function* counted(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncIterable<Uint8Array> {
  for await (const piece of body) {
    count(piece.length);
    yield piece;
  }
}
