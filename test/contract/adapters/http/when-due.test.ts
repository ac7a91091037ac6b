import { createServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LeaseLostError } from "../../../../core/model/errors.ts";
import type { ClosableHttp } from "../../../../adapters/http/node-http.ts";
import { certificateFor } from "../../../certificates.ts";
import { bodyOf, cleanUp, client, IMPATIENT, later, rawOrigin, read, thrownBy, unstopped } from "./http-support.ts";

afterEach(cleanUp);

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const getWhen = async (http: ClosableHttp, url: string, whenDue: () => Promise<void>, signal = unstopped()) =>
  http.request({ method: "GET", url, headers: {}, signal, whenDue });

describe("a request that is due at a time", () => {
  it("is sent then, over a connection that is there already", async () => {
    const raw = await rawOrigin((socket) => void socket.write(OK));
    const due = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const answer = getWhen(client(), raw.url, async () => {
      asked.resolve();
      await due.promise;
    });
    await asked.promise;
    await vi.waitFor(() => expect(raw.connections()).toBe(1));
    expect(raw.heads).toEqual([]);
    due.resolve();
    expect(String(await bodyOf(await answer))).toBe("ok");
    expect([raw.heads.length, raw.connections()]).toEqual([1, 1]);
  });

  it("may wait for longer than an origin may be silent, and a silent origin is noticed after that", async () => {
    const raw = await rawOrigin(() => undefined);
    const http = client({ ...IMPATIENT, idleTimeoutMs: 200 });
    const waits = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 600));
    expect(await thrownBy(getWhen(http, raw.url, waits))).toMatchObject({ reason: "origin_timeout" });
    expect(raw.heads).toHaveLength(1);
  });

  it("that is not due after all is not sent, and its own error is thrown", async () => {
    const raw = await rawOrigin((socket) => void socket.write(OK));
    const error = new Error("no place");
    const refused = getWhen(client(), raw.url, async () => {
      throw error;
    });
    expect(await thrownBy(refused)).toBe(error);
    await vi.waitFor(() => expect(raw.open.size).toBe(0));
    expect(raw.heads).toEqual([]);
  });

  it("that is stopped meanwhile throws what its wait makes of that", async () => {
    const raw = await rawOrigin(() => undefined);
    const stop = new AbortController();
    const made = new Error("it only waits");
    const whenDue = async (): Promise<void> => {
      stop.abort(new LeaseLostError());
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw made;
    };
    expect(await thrownBy(getWhen(client(), raw.url, whenDue, stop.signal))).toBe(made);
    expect(raw.heads).toEqual([]);
  });

  it("waits anew if the kept connection breaks meanwhile, and is sent once", async () => {
    const sockets: Socket[] = [];
    const raw = await rawOrigin((socket) => {
      sockets.push(socket);
      socket.write(OK);
    });
    const http = client();
    await read(http, raw.url);
    await new Promise((resolve) => setImmediate(resolve));
    let waits = 0;
    const due = Promise.withResolvers<void>();
    const answer = getWhen(http, raw.url, async () => {
      waits += 1;
      if (waits === 1) sockets[0]?.end();
      else due.resolve();
      await due.promise;
    });
    expect((await answer).status).toBe(200);
    expect([waits, raw.connections(), raw.heads.length]).toEqual([2, 2, 2]);
  });

  it("waits when the handshake of TLS is over", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fetchonce-due-"));
    later(() => rmSync(folder, { recursive: true }));
    const { cert, key } = certificateFor(folder);
    const server = createServer({ cert, key }, (_, response) => response.end("ok")).listen(0, "127.0.0.1");
    await once(server, "listening");
    later(() => void server.close());
    let hasWaited = false;
    const { port } = server.address() as AddressInfo;
    const refused = getWhen(client(), `https://127.0.0.1:${port}/`, async () => {
      hasWaited = true;
    });
    // Nobody trusts this one, so no handshake ends well.
    expect(await thrownBy(refused)).toMatchObject({ reason: "origin_certificate:unknown_issuer" });
    expect(hasWaited).toBe(false);
  });
});
