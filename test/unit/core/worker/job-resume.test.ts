import { describe, expect, it } from "vitest";
import { answer, fileOrigin, PART_BYTES, world, type Origin, type World } from "../../../simulation/world.ts";
import { SMALL, LARGE, sha256Of, leavesNoLitter, tearing } from "../support.ts";

describe("a download whose body is torn", () => {
  it("resumes after the last recorded part, and only the same version (If-Range)", async () => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.checkpoint).toMatchObject({ offset: 24, totalBytes: LARGE.length, validator: '"v1"' });
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.requests.at(-1)?.headers).toMatchObject({ range: "bytes=24-", "if-range": '"v1"' });
    expect(w.job()).toMatchObject({ state: "INDEXED", resumedBytes: 24, transfer: { sha256: sha256Of(LARGE) } });
    leavesNoLitter(w);
  });

  it("is not charged for attempts with progress", async () => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 9, 4));
    for (let attempt = 0; attempt < 5; attempt++) {
      await w.deliver();
      await w.clock.advance(60_000);
    }
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 5 });
  });

  it("fails if it starts over in every attempt: staging the same parts again is not progress", async () => {
    const w = world();
    const torn = tearing(fileOrigin(LARGE), 20, 100);
    w.serve((request) => torn({ ...request, headers: {} }));
    for (let attempt = 0; attempt < 6; attempt++) {
      await w.deliver();
      await w.clock.advance(60_000);
    }
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "retries_exhausted:origin_connection_lost", attempts: 4 });
    leavesNoLitter(w);
  });

  it.each([
    ["shorter than its Content-Length", SMALL.length + 1],
    ["longer than its Content-Length", SMALL.length - 1],
  ])("is not finalized if the body is %s", async (_name, length) => {
    const w = world();
    w.serve(() => answer({ headers: { "content-length": String(length), etag: '"v"' }, body: SMALL }));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.reason).toBe("torn_body");
    expect(w.contentObjects.size).toBe(0);
  });

  it.each([
    ["the origin ignores ranges", (): Origin => (request) => fileOrigin(LARGE)({ ...request, headers: {} })],
    ["the version has changed", (): Origin => fileOrigin(Buffer.from("another body of several parts"), '"v2"')],
    [
      "the range is not the one requested",
      (): Origin => (request) =>
        "range" in request.headers
          ? answer({ status: 206, headers: { "content-range": "bytes 1-2/3", "content-length": "2" }, body: SMALL })
          : fileOrigin(LARGE)(request),
    ],
    [
      "the origin answers 416",
      (): Origin => (request) => ("range" in request.headers ? answer({ status: 416 }) : fileOrigin(LARGE)(request)),
    ],
  ])("starts over if %s, and never mixes bytes of two answers", async (_name, second) => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    await w.clock.advance(60_000);
    w.serve(second());
    expect(await w.deliver()).toBe("acknowledge");
    const served = [LARGE, Buffer.from("another body of several parts")].map(sha256Of);
    expect(w.job()?.state).toBe("INDEXED");
    expect(served).toContain(w.job()?.transfer?.sha256);
    expect([...w.contentObjects.values()].map(({ body }) => sha256Of(body))).toEqual([w.job()?.transfer?.sha256]);
    leavesNoLitter(w);
  });

  it("keeps its checkpoint if the resume is answered with 503", async () => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    await w.clock.advance(60_000);
    w.serve(() => answer({ status: 503 }));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.checkpoint?.offset).toBe(24);
  });

  it.each([
    [
      "whose parts were overwritten",
      (w: World) => w.uploads.forEach(({ parts }) => parts.set(1, { body: Buffer.alloc(PART_BYTES), etag: '"x"' })),
    ],
    ["that lacks a part", (w: World) => w.uploads.forEach(({ parts }) => parts.delete(2))],
    ["that was aborted", (w: World) => w.uploads.clear()],
  ])("starts over with an upload %s", async (_name, spoil) => {
    const w = world();
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    spoil(w);
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(LARGE) } });
    leavesNoLitter(w);
  });

  it("starts over if the hash state in the checkpoint cannot be restored", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        digests: { ...deps.digests, restore: async () => undefined },
      }),
    });
    w.serve(tearing(fileOrigin(LARGE), 30));
    await w.deliver();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.resumedBytes).toBe(0);
    leavesNoLitter(w);
  });

  it("starts over and leaves nothing in staging if the origin sends no strong validator", async () => {
    const w = world();
    const weak: Origin = async (request) => {
      const { headers, ...response } = await fileOrigin(LARGE)({ ...request, headers: {} });
      return { ...response, headers: { ...headers, etag: 'W/"v1"' } };
    };
    w.serve(tearing(weak, 30));
    await w.deliver();
    leavesNoLitter(w);
    expect(w.job()?.checkpoint).toBeUndefined();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.requests.at(-1)?.headers["range"]).toBeUndefined();
  });
});

describe("an upload whose completion was not recorded", () => {
  /** All parts are staged and recorded. Then CompleteMultipartUpload fails, before or after its effect. */
  const halfCompleted = async (takesEffect: boolean): Promise<World> => {
    let isOut = true;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        staging: {
          ...deps.staging,
          completeUpload: async (upload, parts) => {
            if (!isOut) return deps.staging.completeUpload(upload, parts);
            isOut = false;
            if (takesEffect) await deps.staging.completeUpload(upload, parts);
            throw new Error("S3 is out");
          },
        },
      }),
    });
    w.serve(fileOrigin(LARGE));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.checkpoint?.offset).toBe(LARGE.length);
    await w.clock.advance(60_000);
    return w;
  };

  it.each([true, false])(
    "is completed without a request to the origin (completion took effect: %s)",
    async (takesEffect) => {
      const w = await halfCompleted(takesEffect);
      const requests = w.requests.length;
      expect(await w.deliver()).toBe("acknowledge");
      expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(LARGE) } });
      expect(w.requests).toHaveLength(requests);
      leavesNoLitter(w);
    },
  );

  it("is started over if another object is at its staging key", async () => {
    const w = await halfCompleted(true);
    const [key = ""] = w.stagedObjects.keys();
    await w.staging.put(key, SMALL, "text/plain");
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.checkpoint).toBeUndefined();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { sha256: sha256Of(LARGE) } });
  });
});

describe("a staged object", () => {
  it("that vanished before it was published is fetched again", async () => {
    let isSwept = false;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        content: {
          ...deps.content,
          publish: async (staged, key, signal) => {
            if (!isSwept) await deps.staging.delete(staged.key);
            isSwept = true;
            return deps.content.publish(staged, key, signal);
          },
        },
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "STREAMING", reason: "staged_object_gone", failureClass: "system" });
    expect(w.job()?.transfer).toBeUndefined();
    await w.clock.advance(60_000);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.state).toBe("INDEXED");
  });

  it("that vanished after it was published is not fetched again", async () => {
    const w = world({
      wrap: (deps) => ({
        ...deps,
        content: {
          ...deps.content,
          publish: async (staged, key, signal) => {
            await deps.content.publish(staged, key, signal);
            await deps.staging.delete(staged.key);
            return deps.content.publish(staged, key, signal);
          },
        },
      }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.state).toBe("INDEXED");
  });

  it("that cannot be deleted is left to the reconciler's sweep", async () => {
    const w = world({
      wrap: (deps) => ({ ...deps, staging: { ...deps.staging, delete: async () => Promise.reject(new Error("out")) } }),
    });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.state).toBe("INDEXED");
    expect(w.stagedObjects.size).toBe(1);
    expect(w.logs.join()).toContain("The reconciler will do it");
  });
});
