import { describe, expect, it } from "vitest";
import { metricsOf } from "../../../../core/telemetry/metrics.ts";
import { answer, fileOrigin, MESSAGE, type World, world, writingBy } from "../../../simulation/world.ts";

const troubleOf = ({ events }: World) => events.filter(({ event }) => event === "delivery_failed");
const BODY = Buffer.from("body");

describe("trouble that is not the origin's", () => {
  it("is told of each attempt, and only the first counts as one more message", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        content: {
          ...deps.content,
          publish: async () => {
            throw new Error("AccessDenied");
          },
        },
      }),
    });
    w.serve(fileOrigin(BODY));
    await w.deliver();
    await w.clock.advance(600_000);
    await w.deliver();
    expect(troubleOf(w)).toMatchObject([
      { component: "worker", error_class: "unexpected:Error", attempt: 1 },
      { component: "worker", error_class: "unexpected:Error", attempt: 2 },
    ]);
    expect(troubleOf(w).map((event) => metricsOf(event))).toEqual([
      { DeliveriesFailed: 1, MessagesFailing: 1 },
      { DeliveriesFailed: 1 },
    ]);
  });

  it("is told when the end of an attempt cannot be recorded, although the origin failed", async () => {
    let isDown = false;
    const w = world({
      wrap: writingBy(async (pass) => {
        if (isDown) throw new Error("ThrottlingException");
        return pass();
      }),
    });
    w.serve(() => {
      isDown = true;
      return answer({ status: 503 });
    });
    await w.deliver();
    expect(troubleOf(w)).toMatchObject([{ component: "worker", error_class: "unexpected:Error", attempt: 1 }]);
  });

  it("is not an origin that fails", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    await w.deliver();
    expect(troubleOf(w)).toEqual([]);
  });
});

describe("a clock that is off", () => {
  const HOUR_MS = 3_600_000;

  /** Another worker, whose clock is ahead, holds the job. */
  async function heldBy(aheadMs: number): Promise<World> {
    const w = world();
    const ahead = { ...w.deps, clock: { ...w.deps.clock, nowMs: () => w.deps.clock.nowMs() + aheadMs } };
    w.serve(async () => {
      w.serve(fileOrigin(BODY));
      await w.deliver(MESSAGE);
      return answer({ body: BODY });
    });
    await w.deliver(MESSAGE, undefined, ahead);
    return w;
  }

  it("is noticed by whoever finds a lease that ends later than any lease can", async () => {
    const { events } = await heldBy(HOUR_MS);
    expect(events.filter(({ event }) => event === "clock_off")).toEqual([
      { event: "clock_off", component: "worker", against: "lease", off_by_ms: HOUR_MS },
    ]);
  });

  it("is not one that is half a minute ahead", async () => {
    const { events } = await heldBy(30_000);
    expect(events.filter(({ event }) => event === "clock_off")).toEqual([]);
  });
});
