import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { LeaseLostError } from "../../../../core/model/errors.ts";
import {
  cleanUp,
  client,
  get,
  later,
  rawOrigin,
  read,
  thrownBy,
  trouble,
  troubleOf,
  unstopped,
} from "./http-support.ts";

afterEach(cleanUp);

describe("a kept-alive connection that breaks when it is used again", () => {
  const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  /** An origin that answers the first request of each connection, and calls `again` for each later one. */
  const breakingOrigin = async (again: (socket: Socket) => void, first = (socket: Socket) => void socket.write(OK)) => {
    const seen = new Set<Socket>();
    return rawOrigin((socket) => {
      const isFirst = !seen.has(socket);
      seen.add(socket);
      (isFirst ? first : again)(socket);
    });
  };
  const reset = (socket: Socket): void => void socket.resetAndDestroy();
  const untilIdle = async () => new Promise((resolve) => setImmediate(resolve));

  it.each([
    ["is reset", reset],
    ["is closed", (socket: Socket) => void socket.end()],
  ])("does not fail the request: it is sent once more on a new connection if the old one %s", async (_how, again) => {
    const raw = await breakingOrigin(again);
    const http = client();
    for (let requests = 0; requests < 4; requests += 1) {
      expect((await read(http, raw.url)).toString()).toBe("ok");
      await untilIdle();
    }
    // Requests 2 and 4 met a connection that was used before. The connection of the second try is not kept.
    expect([raw.heads.length, raw.connections()]).toEqual([6, 4]);
  });

  it("does not fail a HEAD request either", async () => {
    const raw = await breakingOrigin(
      reset,
      (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
    );
    const http = client();
    for (let requests = 0; requests < 2; requests += 1) {
      const response = await http.request({ method: "HEAD", url: raw.url, headers: {}, signal: unstopped() });
      expect(response.status).toBe(200);
      response.discard();
      await untilIdle();
    }
    expect(raw.heads).toHaveLength(3);
  });

  it("fails the request if the new connection breaks as well", async () => {
    let answers = 0;
    const raw = await breakingOrigin(reset, (socket) => {
      answers += 1;
      if (answers === 1) socket.write(OK);
      else reset(socket);
    });
    const http = client();
    await read(http, raw.url);
    await untilIdle();
    expect(await troubleOf(get(http, raw.url))).toEqual(trouble("origin_connection_lost"));
    expect(raw.heads).toHaveLength(3);
  });

  it("fails the request if an answer had begun", async () => {
    const raw = await breakingOrigin((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le"));
    const http = client();
    await read(http, raw.url);
    await untilIdle();
    expect(await troubleOf(get(http, raw.url))).toEqual(trouble("origin_connection_lost"));
    expect(raw.heads).toHaveLength(2);
  });

  it("does not send a request again that we aborted", async () => {
    const stop = new AbortController();
    const lost = new LeaseLostError();
    const raw = await breakingOrigin(() => stop.abort(lost));
    const http = client();
    await read(http, raw.url);
    await untilIdle();
    expect(await thrownBy(get(http, raw.url, { signal: stop.signal }))).toBe(lost);
    expect(raw.heads).toHaveLength(2);
  });
});

it("a new connection that breaks fails its request at once", async () => {
  const raw = await rawOrigin((socket) => socket.resetAndDestroy());
  expect(await troubleOf(get(client(), raw.url))).toEqual(trouble("origin_connection_lost"));
  expect(raw.heads).toHaveLength(1);
});

it("a kept-alive connection that is used many times collects no listeners", async () => {
  const raw = await rawOrigin((socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  const http = client();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  later(() => process.off("warning", onWarning));
  for (let requests = 0; requests < 20; requests += 1) {
    expect((await read(http, raw.url)).toString()).toBe("ok");
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(raw.connections()).toBe(1);
  expect(warnings).toEqual([]);
});
