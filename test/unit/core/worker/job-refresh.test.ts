import { describe, expect, it } from "vitest";
import { jobIdOf } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { answer, fileOrigin, MESSAGE, type Origin, world } from "../../../simulation/world.ts";
import { getsOf, LARGE, sha256Of, SMALL } from "../support.ts";

describe("a file that is refreshed", () => {
  const refresh = (token: string): JobMessage => ({ ...MESSAGE, refresh: token });
  const conditional =
    (body: Uint8Array, etag: string): Origin =>
    (request) =>
      request.headers["if-none-match"] === etag ? answer({ status: 304 }) : fileOrigin(body, etag)(request);

  it("costs no download if it has not changed, and ends as the same content", async () => {
    const w = world();
    w.serve(conditional(LARGE, '"v1"'));
    await w.deliver();
    const served = getsOf(w).length;
    await w.deliver(refresh("monday"));
    const job = w.job(refresh("monday"));
    expect(job).toMatchObject({ state: "DEDUPED", transfer: { sha256: sha256Of(LARGE), isUnchanged: true } });
    expect(job?.transfer?.previousJob).toBe(jobIdOf(MESSAGE));
    expect(getsOf(w).length - served).toBe(1);
    expect(w.stagedObjects.size + w.uploads.size).toBe(0);
  });

  it("is a new generation if it has changed, and the old one stays", async () => {
    const w = world();
    w.serve(conditional(SMALL, '"v1"'));
    await w.deliver();
    w.serve(conditional(LARGE, '"v2"'));
    await w.deliver(refresh("monday"));
    await w.clock.advance(1000);
    await w.deliver(refresh("tuesday"));
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(SMALL) } });
    expect(w.job(refresh("monday"))).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(LARGE) } });
    const tuesday = w.job(refresh("tuesday"));
    expect(tuesday).toMatchObject({ state: "DEDUPED", transfer: { isUnchanged: true } });
    expect(tuesday?.transfer?.previousJob).toBe(jobIdOf(refresh("monday")));
  });

  it("is fetched whole if nothing was stored before, or if what was stored is gone", async () => {
    const first = world();
    first.serve(conditional(SMALL, '"v1"'));
    await first.deliver(refresh("monday"));
    expect(first.job(refresh("monday"))).toMatchObject({ state: "INDEXED" });
    const w = world();
    w.serve(conditional(SMALL, '"v1"'));
    await w.deliver();
    w.contentObjects.clear();
    await w.deliver(refresh("monday"));
    expect(w.job(refresh("monday"))?.transfer).not.toHaveProperty("isUnchanged");
    expect(w.contentObjects.size).toBe(1);
  });
});
