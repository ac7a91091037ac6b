import { describe, expect, it } from "vitest";
import { HostWaitsError, UploadGoneError } from "../../../../core/model/errors.ts";
import { contentKey } from "../../../../core/model/keys.ts";
import { present } from "../../../../core/model/present.ts";
import { partBytes } from "../../../../core/transfer/parts/part-sizes.ts";
import type { Staging } from "../../../../core/ports/staging.ts";
import { hash } from "node:crypto";
import { answer, fileOrigin, PART_BYTES, world, type World } from "../../../simulation/world.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const BUFFER = 8 * MIB;
const FAST = 12_500;

describe("the next part of a body", () => {
  it.each([
    ["of less than 64 MiB has 8 MiB", 64 * MIB - 1, BUFFER, FAST, BUFFER],
    ["of 64 MiB has 16 MiB", 64 * MIB, BUFFER, FAST, 16 * MIB],
    ["of 1.6 GB still has 16 MiB", 1600 * MIB, BUFFER, FAST, 16 * MIB],
    ["of 10 GiB has 1 % of it", 10 * GIB, BUFFER, FAST, Math.ceil(10 * GIB * 0.01)],
    ["that is the last one has what is left", 100 * MIB, 90 * MIB, FAST, 10 * MIB],
    ["of 100 GiB has no more than comes in 10 s", 100 * GIB, BUFFER, FAST, 10_000 * FAST],
    ["that comes slowly has 8 MiB", 50 * GIB, BUFFER, 1000, BUFFER],
    ["of 5 TiB has what 9,999 parts must have", 5120 * GIB, BUFFER, 1, Math.ceil((5120 * GIB - BUFFER) / 9999)],
    ["has no more than S3 takes", 5120 * GIB, BUFFER, 1e9, 5 * GIB],
  ])("%s", (_what, totalBytes, offset, bytesPerMs, expected) => {
    expect(partBytes({ totalBytes, offset, parts: offset / BUFFER < 2 ? 1 : 11, bytesPerMs }, BUFFER)).toBe(expected);
  });

  it("leaves no body of up to 5 TiB with more than 10,000 parts, however slow it is", () => {
    const totalBytes = 5120 * GIB;
    let [offset, parts] = [0, 0];
    while (offset < totalBytes) {
      offset += partBytes({ totalBytes, offset, parts, bytesPerMs: 1 }, BUFFER);
      parts += 1;
    }
    expect(parts).toBeLessThanOrEqual(10_000);
  });
});

const LARGE = Buffer.from(Array.from({ length: 9 * PART_BYTES + 3 }, (_, at) => at));

interface Sent {
  readonly part: number;
  readonly bytes: number;
  readonly streamed: boolean;
}

/** What the record says of the body while a part begins. */
const checkpointed = (w: World): number => w.job()?.checkpoint?.offset ?? 0;

/** A world that notes the parts that it is sent, and refuses some of those that are sent while they come. */
function noting(refuse: (part: number) => Error | undefined = () => undefined): { w: World; sent: Sent[] } {
  const sent: Sent[] = [];
  const w = world({
    wrap: (deps) => {
      const { staging } = deps;
      const noted: Staging = {
        ...staging,
        uploadPart: async (upload, part, body) => {
          sent.push({ part, bytes: body.length, streamed: false });
          return staging.uploadPart(upload, part, body);
        },
        streamPart: async (upload, part, pieces, bytes) => {
          sent.push({ part, bytes, streamed: true });
          const refusal = refuse(part);
          const body: Uint8Array[] = [];
          for await (const piece of pieces) {
            body.push(Buffer.from(piece));
            if (refusal) throw refusal;
          }
          return staging.uploadPart(upload, part, Buffer.concat(body));
        },
      };
      return { ...deps, staging: noted };
    },
  });
  w.serve(fileOrigin(LARGE));
  return { w, sent };
}

const isPublished = ({ contentObjects }: World): boolean =>
  contentObjects.get(contentKey(hash("sha256", LARGE)))?.body.equals(LARGE) === true;

const NO_PLACE = new HostWaitsError("host_full", "origin.example", 1000);

async function refuseLater(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  throw new Error("SlowDown");
}

async function* waitingAfter(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte);
  throw NO_PLACE;
}

describe("a large body", () => {
  it("is sent in parts of two buffers while they come, but for the first one", async () => {
    const { w, sent } = noting();
    await w.deliver();
    expect(isPublished(w)).toBe(true);
    expect(sent).toEqual([
      { part: 1, bytes: PART_BYTES, streamed: false },
      ...[2, 3, 4, 5].map((part) => ({ part, bytes: 2 * PART_BYTES, streamed: true })),
      { part: 6, bytes: 3, streamed: false },
    ]);
  });

  it("has every byte before a part in its checkpoint when the part begins", async () => {
    const atStart: [part: number, checkpointed: number][] = [];
    const w = world({
      wrap: (deps) => ({
        ...deps,
        items: {
          ...deps.items,
          write: async (write) => {
            await new Promise((resolve) => setImmediate(resolve));
            return deps.items.write(write);
          },
        },
        staging: {
          ...deps.staging,
          uploadPart: async (upload, part, body) => {
            atStart.push([part, checkpointed(w)]);
            return deps.staging.uploadPart(upload, part, body);
          },
          streamPart: async (upload, part, pieces, bytes) => {
            atStart.push([part, checkpointed(w)]);
            return present(await deps.staging.streamPart?.(upload, part, pieces, bytes), "a stored part");
          },
        },
      }),
    });
    w.serve(fileOrigin(LARGE));
    await w.deliver();
    expect(atStart).toEqual([0, 1, 3, 5, 7, 9].map((buffers, at) => [at + 1, buffers * PART_BYTES]));
  });

  it("goes on from the checkpoint, with parts from memory, if a part was not stored", async () => {
    const { w, sent } = noting((part) => (part === 3 ? new Error("SlowDown") : undefined));
    await w.deliver();
    expect({ isPublished: isPublished(w), attempts: w.job()?.attempts, resumed: w.job()?.resumedBytes }).toEqual({
      isPublished: true,
      attempts: 1,
      resumed: 0,
    });
    expect(sent.map(({ part, streamed }) => `${part}${streamed ? "s" : ""}`).join(" ")).toBe("1 2s 3s 3 4 5 6 7 8 9");
    expect(w.requests.filter(({ method }) => method === "GET").map(({ headers }) => headers["range"])).toEqual([
      undefined,
      `bytes=${3 * PART_BYTES}-`,
    ]);
  });

  it("is charged if a part was not stored, and the host has no place for the request that asks for it again", async () => {
    const { w } = noting(() => new Error("SlowDown"));
    const serve = fileOrigin(LARGE);
    let gets = 0;
    w.serve((request) => {
      if (request.method === "GET" && (gets += 1) > 1) throw NO_PLACE;
      return serve(request);
    });
    await w.deliver();
    expect(w.job()).toMatchObject({ reason: "unexpected:Error", failureClass: "system", attempts: 1 });
  });

  it("is charged if a part could not be stored while the body waits for its host", async () => {
    const w = world({
      wrap: (deps) => {
        const { streamPart, ...staging } = deps.staging;
        expect(streamPart).toBeDefined();
        return { ...deps, staging: { ...staging, uploadPart: refuseLater } };
      },
    });
    const whole = fileOrigin(LARGE);
    let gets = 0;
    w.serve(async (request) => {
      if (request.method !== "GET") return whole(request);
      if ((gets += 1) > 1) throw NO_PLACE;
      return { ...(await whole(request)), body: waitingAfter(LARGE.subarray(0, PART_BYTES + 1)) };
    });
    await w.deliver();
    expect(w.job()).toMatchObject({ reason: "unexpected:Error", failureClass: "system", attempts: 1, strikes: 1 });
  });

  it("fails as ever if its upload is gone", async () => {
    const { w } = noting((part) => (part === 3 ? new UploadGoneError() : undefined));
    await w.deliver();
    expect(w.job()).toMatchObject({ reason: "staged_upload_gone", state: "STREAMING" });
    expect(w.requests.filter(({ method }) => method === "GET")).toHaveLength(1);
  });

  it("is sent from memory if it cannot be resumed", async () => {
    const { w, sent } = noting();
    w.serve(({ method }) =>
      answer({ headers: { "content-length": String(LARGE.length) }, ...(method === "GET" && { body: LARGE }) }),
    );
    await w.deliver();
    expect(isPublished(w)).toBe(true);
    expect(sent.filter(({ streamed }) => streamed)).toEqual([]);
  });

  it("is too large if it has more than 10,000 parts, and nobody tells its length", async () => {
    const { w } = noting();
    w.serve(({ method }) =>
      answer(method === "GET" ? { body: Buffer.alloc(10_000 * PART_BYTES + 1) } : { status: 405 }),
    );
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "too_large", failureClass: "policy" });
  });
});
