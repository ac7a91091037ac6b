import { beforeEach, describe, expect, it } from "vitest";
import { answer, fileOrigin, type World, writingBy } from "../../../simulation/world.ts";
import { A, another, BODY, jobAt, limited } from "./support.ts";

const REST_S = 600;
const LEASE_TTL_MS = 120_000;
const TRACKED = { ...jobAt(A), tracked: true } as const;

/** A job whose lease nobody watches, whose worker could not record the end of its attempt, and whose host rests. */
async function abandoned(): Promise<World> {
  const w = limited([["*", {}]], { unwatchedForMs: 3_600_000 });
  let isOut = false;
  w.serve((request) => {
    isOut = request.method === "GET";
    return isOut ? answer({ status: 503, headers: { "retry-after": String(REST_S) } }) : fileOrigin(BODY)(request);
  });
  const refusing = writingBy(async (pass, { key }) =>
    isOut && key.startsWith("JOB#") ? Promise.reject(new Error("throttled")) : pass(),
  );
  await w.deliver(jobAt(A), undefined, refusing(w.deps));
  expect(w.job(jobAt(A))).toMatchObject({ state: "LEASED", fence: 1 });
  expect(w.job(jobAt(A))?.watchAtMs).toBeUndefined();
  return w;
}

describe("the message of a job whose unwatched lease nobody gave back, while its host rests", () => {
  let w: World;
  beforeEach(async () => {
    w = await abandoned();
  });

  it.each([
    { what: "while it lasts", afterMs: LEASE_TTL_MS / 2 },
    { what: "once it is over", afterMs: LEASE_TTL_MS + 1 },
  ])("is sent again for the time at which the host may be asked, $what", async ({ afterMs }) => {
    await w.clock.advance(afterMs);
    expect(await w.deliver(TRACKED, undefined, another(w))).toBe("acknowledge");
    expect(w.hidden).toEqual([]);
    expect(w.sent).toHaveLength(2);
    const { body = "", delayMs = 0 } = w.sent.at(-1) ?? {};
    expect(JSON.parse(body)).toEqual({ ...TRACKED, waiting_since: w.clock.nowMs() });
    expect(delayMs).toBeGreaterThanOrEqual(REST_S * 1000 - afterMs);
  });
});
