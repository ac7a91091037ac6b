import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bodyOf, cleanUp, client, get, later, origin, rawOrigin, read, unstopped } from "./http-support.ts";

afterEach(cleanUp);

describe("a response of the HTTP client", () => {
  it("has the status, the headers in lower case, and the body", async () => {
    const body = randomBytes(300_000);
    const url = await origin((_request, response) => {
      response.writeHead(206, { ETag: '"v1"', "Content-Type": "image/png", "X-Many": ["first", "second"] });
      response.end(body);
    });
    const response = await get(client(), `${url}/file`);
    expect(response.status).toBe(206);
    expect(response.headers).toMatchObject({ etag: '"v1"', "content-type": "image/png" });
    expect(response.headers["x-many"]).toContain("first");
    expect((await bodyOf(response)).equals(body)).toBe(true);
  });

  it("has one string for a header that Node keeps as a list", async () => {
    const raw = await rawOrigin((socket) =>
      socket.write("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n"),
    );
    const response = await get(client(), raw.url);
    expect(response.headers["set-cookie"]).toBe("a=1,b=2");
    await bodyOf(response);
  });

  it("answers a request sent with the given method, path and headers", async () => {
    const seen: IncomingMessage[] = [];
    const url = await origin((request, response) => {
      seen.push(request);
      response.end();
    });
    const headers = { range: "bytes=5-", "if-range": '"v1"', "user-agent": "fetchonce" };
    await bodyOf(await get(client(), `${url}/a%20b?c=d`, { headers }));
    expect(seen[0]).toMatchObject({ method: "GET", url: "/a%20b?c=d", headers });
  });

  it("is available before its body, and the body arrives piece by piece", async () => {
    const responses: ServerResponse[] = [];
    const url = await origin((_request, response) => {
      response.write("first");
      responses.push(response);
    });
    const { body } = await get(client(), url);
    const pieces: string[] = [];
    for await (const piece of body) {
      pieces.push(Buffer.from(piece).toString());
      if (pieces.length === 1) responses[0]?.end("rest");
    }
    expect(pieces).toEqual(["first", "rest"]);
  });

  it("to HEAD has headers and no body, and its connection is reused", async () => {
    const raw = await rawOrigin((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"));
    const http = client();
    for (let requests = 0; requests < 3; requests += 1) {
      const response = await http.request({ method: "HEAD", url: raw.url, headers: {}, signal: unstopped() });
      expect(response.headers["content-length"]).toBe("5000000");
      response.discard();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(raw.heads.map((head) => head.split(" ")[0])).toEqual(["HEAD", "HEAD", "HEAD"]);
    expect(raw.connections()).toBe(1);
  });

  it("leaves a connection that is closed when nobody needs it, and others are not", async () => {
    const answer = (socket: Socket): void => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    const [raw, other] = [await rawOrigin(answer), await rawOrigin(answer)];
    const http = client();
    const ask = async (): Promise<void> => {
      for (const { url } of [raw, other]) await read(http, url);
      await new Promise((resolve) => setImmediate(resolve));
    };
    await ask();
    await http.closeIdle(new URL(raw.url).host);
    await ask();
    expect([raw.connections(), other.connections()]).toEqual([2, 1]);
  });

  it("to a redirected URL is the redirect itself, which is not followed", async () => {
    const url = await origin((_request, response) => response.writeHead(302, { location: "/elsewhere" }).end());
    const response = await get(client(), url);
    expect(response).toMatchObject({ status: 302, headers: { location: "/elsewhere" } });
    response.discard();
  });

  it("costs no Error object, because the stack of one is expensive", async () => {
    const made: (string | undefined)[] = [];
    class CountedError extends Error {
      constructor(message?: string, options?: ErrorOptions) {
        super(message, options);
        made.push(message);
      }
    }
    const closed = Promise.withResolvers<unknown>();
    const raw = await rawOrigin((socket) => {
      socket.once("close", closed.resolve);
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    });
    vi.stubGlobal("Error", CountedError);
    later(() => vi.unstubAllGlobals());
    expect((await read(client(), raw.url)).toString()).toBe("ok");
    await closed.promise;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(made).toEqual([]);
  });

  it("without a length is complete when the connection ends", async () => {
    const raw = await rawOrigin((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nall of it"));
    expect((await read(client(), raw.url)).toString()).toBe("all of it");
  });

  it("is the final one after an informational response", async () => {
    const raw = await rawOrigin((socket) =>
      socket.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    );
    expect((await read(client(), raw.url)).toString()).toBe("ok");
  });
});

describe("the connections of the HTTP client", () => {
  it("are reused for the next request to the same origin", async () => {
    const raw = await rawOrigin((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    const http = client();
    for (let requests = 0; requests < 3; requests += 1) {
      expect((await read(http, raw.url)).toString()).toBe("ok");
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(raw.connections()).toBe(1);
  });

  it("are closed if a large body is discarded, and later requests still work", async () => {
    const ended: Promise<unknown>[] = [];
    const raw = await rawOrigin((socket, head) => {
      if (head.startsWith("GET /small")) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        return;
      }
      ended.push(new Promise((resolve) => socket.once("close", resolve)));
      socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 1000000000\r\n\r\n");
      socket.write(Buffer.alloc(1_000_000));
    });
    const http = client();
    for (let requests = 0; requests < 5; requests += 1) (await get(http, `${raw.url}/large`)).discard();
    await Promise.all(ended);
    expect(ended).toHaveLength(5);
    expect((await read(http, `${raw.url}/small`)).toString()).toBe("ok");
  });

  it("are closed if the reader stops before the end of the body", async () => {
    const url = await origin((_request, response) => {
      response.writeHead(200, { "content-length": 1_000_000_000 });
      response.write(Buffer.alloc(100_000));
      response.once("close", () => closed.push("closed"));
    });
    const closed: string[] = [];
    const { body } = await get(client(), url);
    for await (const piece of body) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await expect.poll(() => closed).toEqual(["closed"]);
  });

  it("that the origin closed while they were idle do not fail the next request", async () => {
    const sockets: Socket[] = [];
    const raw = await rawOrigin((socket) => {
      sockets.push(socket);
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    const http = client();
    await read(http, raw.url);
    const closed = sockets.map(async (socket) => once(socket.end(), "close"));
    await Promise.all(closed);
    expect((await read(http, raw.url)).toString()).toBe("ok");
    expect(sockets).toHaveLength(2);
  });

  it("that carry bytes beyond the response's length do not fail the next request", async () => {
    const raw = await rawOrigin((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"));
    const http = client();
    expect((await read(http, raw.url)).toString()).toBe("ok");
    expect((await read(http, raw.url)).toString()).toBe("ok");
  });
});
