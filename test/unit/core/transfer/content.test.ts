/** What becomes of a body that is not what it seems, or not what was asked for. */
import { hash } from "node:crypto";
import zlib from "node:zlib";
import { PartBuffers } from "../../../../core/transfer/part-buffers.ts";
import { sha256Of } from "../support.ts";
import { describe, expect, it } from "vitest";
import { answer, fileOrigin, MESSAGE, world, type Origin, type WorldOptions } from "../../../simulation/world.ts";

const PAGE = Buffer.from("<!DOCTYPE html><html><body>Please log in</body></html>");
const PDF = Buffer.from("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj\n");
const TEXT = Buffer.from("some text that is long enough for several parts of the tiny size");

const fetched = async (origin: Origin, options: WorldOptions = {}, times = 1) => {
  const w = world(options);
  w.serve(origin);
  for (let n = 0; n < times; n++) {
    await w.deliver();
    await w.clock.advance(60_000);
  }
  return w;
};
const serving =
  (body: Uint8Array, headers: Readonly<Record<string, string>>): Origin =>
  ({ method }) =>
    answer({ headers, ...(method === "GET" && { body }) });
/** Parts that are long enough for what a file begins with. */
const ROOMY: WorldOptions = { wrap: (deps) => ({ ...deps, buffers: new PartBuffers(4, 2048) }) };
const b64 = (algorithm: string, body: Uint8Array): string => hash(algorithm, body, "base64");

async function* inOnePiece(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}

describe("a body whose digest the origin announces", () => {
  it.each([
    ["right, in one part", TEXT.subarray(0, 5), TEXT.subarray(0, 5), "INDEXED", undefined],
    ["right, in several parts", TEXT, TEXT, "INDEXED", undefined],
    ["wrong, in one part", TEXT.subarray(0, 5), PDF, "STREAMING", "origin_digest_mismatch:content-md5"],
    ["wrong, in several parts", TEXT, PDF, "STREAMING", "origin_digest_mismatch:content-md5"],
  ])("and which is %s", async (_what, body, announced, state, reason) => {
    const w = await fetched(serving(body, { "content-md5": b64("md5", announced), etag: '"v"' }));
    expect(w.job()).toMatchObject({ state, ...(reason !== undefined && { reason }) });
    expect(w.stagedObjects.size + w.uploads.size).toBe(0);
    expect(w.job()?.transfer?.digestSource).toBe(state === "INDEXED" ? "content-md5" : undefined);
  });

  it("is fetched anew from its first byte, and is good the second time", async () => {
    let gets = 0;
    const damaged = Buffer.from(TEXT);
    damaged[3] = 0;
    const w = await fetched(
      (request) => {
        if (request.method === "GET") gets += 1;
        const response = fileOrigin(gets <= 1 ? damaged : TEXT)(request);
        return { ...(response as Awaited<typeof response>), headers: headersOf(response) };
      },
      {},
      2,
    );
    expect(w.job()).toMatchObject({
      state: "INDEXED",
      attempts: 2,
      resumedBytes: 0,
      transfer: { sha256: sha256Of(TEXT) },
    });
    expect(w.stagedObjects.size + w.uploads.size).toBe(0);

    function headersOf(response: ReturnType<Origin>): Readonly<Record<string, string>> {
      const { headers } = response as Awaited<typeof response>;
      return { ...headers, "repr-digest": `sha-256=:${b64("sha256", TEXT)}:` };
    }
  });

  it("is compared after a crash with what was announced before it", async () => {
    const w = world();
    const headers = { "content-md5": b64("md5", PDF) };
    const plain = fileOrigin(TEXT);
    w.serve(async (request) => {
      const response = await plain(request);
      return {
        ...response,
        headers: { ...response.headers, ...(response.status === 200 && headers) },
        body: torn(response),
      };
    });
    await w.deliver();
    expect(w.job()?.checkpoint?.announced).toEqual([`md5:${hash("md5", PDF)}:content-md5`]);
    w.serve(plain);
    await w.clock.advance(60_000);
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "STREAMING", reason: "origin_digest_mismatch:content-md5" });
    expect(w.job()).not.toHaveProperty("checkpoint");

    async function* torn({ body }: { readonly body: AsyncIterable<Uint8Array> }): AsyncIterable<Uint8Array> {
      let sent = 0;
      for await (const piece of body) {
        yield piece;
        sent += piece.length;
        if (sent > TEXT.length / 2) return;
      }
    }
  });
});

describe("a body with a content coding that nobody asked for", () => {
  const packed: readonly (readonly [string, Buffer])[] = [
    ["gzip", zlib.gzipSync(TEXT)],
    ["x-gzip", zlib.gzipSync(TEXT)],
    ["GZIP", zlib.gzipSync(TEXT)],
    ["deflate", zlib.deflateSync(TEXT)],
    ["deflate", zlib.deflateRawSync(TEXT)],
    ["br", zlib.brotliCompressSync(TEXT)],
    ["zstd", zlib.zstdCompressSync(TEXT)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(TEXT))],
  ];

  it.each(packed)("is stored without it: %s", async (coding, body) => {
    const headers = {
      "content-encoding": coding,
      "content-length": String(body.length),
      "content-md5": b64("md5", body),
    };
    const { transfer } = (await fetched(serving(body, headers))).job() ?? {};
    expect(transfer).toMatchObject({ sha256: sha256Of(TEXT), bytes: TEXT.length, digestSource: "content-md5" });
    expect(transfer?.decodedFrom).toBe(coding.toLowerCase().replace("x-", ""));
    expect(transfer).not.toHaveProperty("contentEncoding");
  });

  it.each([
    ["an unknown one", "exi", {}],
    ["more than three", "gzip, gzip, gzip, gzip", {}],
    ["any, if the settings say so", "gzip", { settings: { keepsContentEncoding: true } }],
  ])("is stored as it came, and marked: %s", async (_what, coding, options: WorldOptions) => {
    const body = zlib.gzipSync(TEXT);
    const w = await fetched(serving(body, { "content-encoding": coding }), options);
    expect(w.job()?.transfer).toMatchObject({ sha256: sha256Of(body), contentEncoding: coding });
  });

  it.each([
    ["its type says so", "https://origin.example/file", { "content-type": "application/gzip" }],
    ["its type is that of a tar file", "https://origin.example/file", { "content-type": "application/x-tar" }],
    ["its name says so", "https://origin.example/data.json.gz?x=1", {}],
  ])("is a gzip file that has none, if %s", async (_what, url, headers: Record<string, string>) => {
    const body = zlib.gzipSync(TEXT);
    const w = world();
    w.serve(serving(body, { "content-encoding": "gzip", ...headers }));
    await w.deliver({ ...MESSAGE, url });
    const { transfer } = w.job({ ...MESSAGE, url }) ?? {};
    expect(transfer).toMatchObject({ sha256: sha256Of(body) });
    expect(transfer).not.toHaveProperty("contentEncoding");
  });

  it.each([
    ["damaged", Buffer.concat([zlib.gzipSync(TEXT).subarray(0, 20), Buffer.from("?".repeat(40))]), "damaged_encoding"],
    ["not of that coding", TEXT, "damaged_encoding"],
    ["cut", zlib.gzipSync(TEXT).subarray(0, 30), "damaged_encoding"],
  ])("is tried again if it is %s", async (_what, body, reason) => {
    const w = await fetched(serving(body, { "content-encoding": "gzip" }));
    expect(w.job()).toMatchObject({ state: "STREAMING", reason });
  });

  it("is tried again if its coded bytes are not what was announced", async () => {
    const headers = { "content-encoding": "gzip", "content-md5": b64("md5", TEXT) };
    const w = await fetched(serving(zlib.gzipSync(TEXT), headers));
    expect(w.job()).toMatchObject({ state: "STREAMING", reason: "origin_digest_mismatch:content-md5" });
  });

  it("fails if it unpacks to more than the limit, or to 200 times its size and 100 MiB", async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(2_000));
    const headers = { "content-encoding": "gzip" };
    const limited = { settings: { maxBodyBytes: 1_000 } };
    expect((await fetched(serving(bomb, headers), limited)).job()).toMatchObject({
      state: "FAILED",
      reason: "too_large",
    });
    const large = zlib.gzipSync(Buffer.alloc(110 * 1024 * 1024));
    const settings = { maxBodyBytes: 2 ** 40 };
    const w = world({ settings, wrap: (deps) => ({ ...deps, buffers: new PartBuffers(4, 1024 * 1024) }) });
    w.serve(({ method }) => answer({ headers, ...(method === "GET" && { body: inOnePiece(large) }) }));
    await w.deliver();
    expect(w.job()).toMatchObject({ state: "FAILED", reason: "encoding_bomb", failureClass: "policy" });
  });

  it("is empty if it has no bytes", async () => {
    const w = await fetched(serving(Buffer.alloc(0), { "content-encoding": "gzip" }));
    expect(w.job()).toMatchObject({ state: "INDEXED", transfer: { bytes: 0 } });
  });
});

describe("a page in the place of a file", () => {
  it.each(["application/pdf", "image/png", "video/mp4", "application/zip", "application/gzip", "audio/mpeg"])(
    "fails the job, if it comes with the type %s",
    async (type) => {
      const w = await fetched(serving(PAGE, { "content-type": type }), ROOMY);
      expect(w.job()).toMatchObject({ state: "FAILED", reason: `html_instead_of:${type}`, failureClass: "origin" });
      expect(w.stagedObjects.size).toBe(0);
    },
  );

  it.each([
    ["a page", PAGE, "text/html"],
    ["a page whose type is not known", PAGE, "application/octet-stream"],
    ["a drawing", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml"],
    ["a PDF", PDF, "application/pdf"],
    ["text that begins like a page", Buffer.from("<html5 is a number"), "application/pdf"],
    ["an empty file", Buffer.alloc(0), "application/pdf"],
  ])("is no suspicion against %s", async (_what, body, type) => {
    const w = await fetched(serving(body, { "content-type": type }), ROOMY);
    expect(w.job()?.state).toBe("INDEXED");
  });

  it.each(["\uFEFF<!doctype html>", "\n\t <HTML>", "<!-- saved -->", "<script src=x>", "<body\n>"])(
    "is known by its first bytes: %j",
    async (text) => {
      const w = await fetched(serving(Buffer.from(text), { "content-type": "application/pdf" }), ROOMY);
      expect(w.job()?.reason).toBe("html_instead_of:application/pdf");
    },
  );
});
