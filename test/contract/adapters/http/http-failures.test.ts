import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import type { HttpTimeouts } from "../../../../adapters/http/node-http.ts";
import { LeaseLostError, RetryableError } from "../../../../core/model/errors.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";
import {
  IMPATIENT,
  bodyOf,
  cleanUp,
  client,
  get,
  later,
  origin,
  rawOrigin,
  read,
  thrownBy,
  unstopped,
} from "./http-support.ts";

afterEach(cleanUp);

const HEADERS = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

interface Failure {
  readonly origin: string;
  readonly answer: (socket: Socket) => void;
  /** Called once the headers have arrived. */
  readonly afterwards?: (socket: Socket) => void;
  readonly reason: string;
  readonly timeouts?: HttpTimeouts;
}

const BEFORE_HEADERS: readonly Failure[] = [
  { origin: "resets", answer: (socket) => socket.resetAndDestroy(), reason: "origin_connection_lost" },
  { origin: "hangs up", answer: (socket) => socket.end(), reason: "origin_connection_lost" },
  {
    origin: "hangs up in mid-header",
    answer: (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
    reason: "origin_connection_lost",
  },
  { origin: "sends nothing", answer: () => undefined, reason: "origin_timeout", timeouts: IMPATIENT },
  {
    origin: "stops sending in mid-header",
    answer: (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Le"),
    reason: "origin_timeout",
    timeouts: IMPATIENT,
  },
  {
    origin: "speaks another protocol",
    answer: (socket) => socket.end("220 smtp ready\r\n"),
    reason: "origin_speaks_no_http",
  },
  {
    origin: "exceeds the client's header limit",
    answer: (socket) => socket.end(`HTTP/1.1 200 OK\r\n${"X-Header: value\r\n".repeat(5000)}\r\n`),
    reason: "origin_speaks_no_http",
  },
  {
    origin: "switches to another protocol",
    answer: (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    reason: "origin_connection_lost",
  },
];

const IN_MID_BODY: readonly Failure[] = [
  {
    origin: "resets",
    answer: (socket) => socket.write(`${HEADERS}half`),
    afterwards: (socket) => socket.resetAndDestroy(),
    reason: "origin_connection_lost",
  },
  {
    origin: "ends before its Content-Length",
    answer: (socket) => socket.end(`${HEADERS}half`),
    reason: "origin_connection_lost",
  },
  {
    origin: "ends before the last chunk",
    answer: (socket) => socket.end(`${CHUNKED}4\r\nhalf\r\n`),
    reason: "origin_connection_lost",
  },
  {
    origin: "ends within a chunk",
    answer: (socket) => socket.end(`${CHUNKED}9\r\nhalf`),
    reason: "origin_connection_lost",
  },
  {
    origin: "sends a chunk without a length",
    answer: (socket) => socket.end(`${CHUNKED}4\r\nhalf\r\nzz\r\n`),
    reason: "origin_connection_lost",
  },
  {
    origin: "stops sending",
    answer: (socket) => socket.write(`${HEADERS}half`),
    reason: "origin_timeout",
    timeouts: IMPATIENT,
  },
  {
    origin: "sends nothing",
    answer: (socket) => socket.write(HEADERS),
    reason: "origin_timeout",
    timeouts: IMPATIENT,
  },
];

interface Trouble {
  readonly reason: string;
  readonly failureClass: string;
  readonly hasCause: boolean;
}

async function troubleOf(call: Promise<unknown>): Promise<Trouble> {
  const error = await thrownBy(call);
  if (!(error instanceof RetryableError)) throw error;
  return { reason: error.reason, failureClass: error.failureClass, hasCause: error.cause instanceof Error };
}

const trouble = (reason: string): Trouble => ({ reason, failureClass: "origin", hasCause: true });

describe("an origin that", () => {
  it.each(BEFORE_HEADERS)("$origin, before its headers are complete: $reason", async ({ answer, reason, timeouts }) => {
    const raw = await rawOrigin(answer);
    expect(await troubleOf(get(client(timeouts), raw.url))).toEqual(trouble(reason));
  });

  it.each(IN_MID_BODY)("$origin, after its headers: $reason", async ({ answer, afterwards, reason, timeouts }) => {
    const sockets: Socket[] = [];
    const raw = await rawOrigin((socket) => {
      sockets.push(socket);
      answer(socket);
    });
    const response = await get(client(timeouts), raw.url);
    for (const socket of sockets) afterwards?.(socket);
    expect(await troubleOf(bodyOf(response))).toEqual(trouble(reason));
  });

  it("fails one request gets the next one on another connection", async () => {
    let answers = 0;
    const raw = await rawOrigin((socket) => {
      answers += 1;
      if (answers === 1) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    const http = client();
    expect(await troubleOf(get(http, raw.url))).toEqual(trouble("origin_connection_lost"));
    expect((await read(http, raw.url)).toString()).toBe("ok");
  });

  it("does not listen: origin_refused_connection", async () => {
    const server = createTcpServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = loopbackEndpoint(server);
    server.close();
    await once(server, "close");
    expect(await troubleOf(get(client(), url))).toEqual(trouble("origin_refused_connection"));
  });

  // Only Linux drops connections that do not fit into the queue of a listener that never accepts.
  it.runIf(process.platform === "linux")("accepts no connection: origin_timeout", async () => {
    const deaf = new Worker(
      `const { parentPort } = require("node:worker_threads");
       const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
         parentPort.postMessage(server.address().port);
         setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
       });`,
      { eval: true },
    );
    later(async () => deaf.terminate());
    const [port] = (await once(deaf, "message")) as [number];
    const crowd = Array.from({ length: 8 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
    later(() => crowd.forEach((socket) => socket.destroy()));
    await once(crowd[0] ?? deaf, "connect");
    const http = client({ connectTimeoutMs: 200, idleTimeoutMs: 20_000 });
    expect(await troubleOf(get(http, `http://127.0.0.1:${port}`))).toEqual(trouble("origin_timeout"));
  });

  it("has a name that does not resolve: origin_name_not_found", async () => {
    expect(await troubleOf(get(client(), "http://nonexistent.invalid/"))).toEqual(trouble("origin_name_not_found"));
  });

  it("sends slowly but steadily does not time out", async () => {
    const raw = await rawOrigin((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
      let left = 20;
      const timer = setInterval(() => {
        left -= 1;
        socket.write("x");
        if (left === 0) clearInterval(timer);
      }, 50);
      socket.once("close", () => clearInterval(timer));
    });
    expect(await read(client(IMPATIENT), raw.url)).toHaveLength(20);
  });

  it("waits because we pause reading does not time out", async () => {
    const body = randomBytes(3_000_000);
    const url = await origin((_request, response) => void response.end(body));
    const response = await get(client(IMPATIENT), url);
    const pieces: Uint8Array[] = [];
    for await (const piece of response.body) {
      if (pieces.length === 0) await new Promise((resolve) => setTimeout(resolve, 2 * IMPATIENT.idleTimeoutMs));
      pieces.push(piece);
    }
    expect(Buffer.concat(pieces).equals(body)).toBe(true);
  });
});

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

describe("an HTTPS request", () => {
  it("to a port that speaks plain HTTP fails with a reason of the origin", async () => {
    const url = await origin((_request, response) => void response.end());
    const { reason } = await troubleOf(get(client(), url.replace("http:", "https:")));
    expect(reason).toMatch(/^origin_/);
  });

  it("to a port that accepts and sends nothing fails with origin_timeout", async () => {
    const server = createTcpServer((socket) => void socket.on("error", () => undefined).resume()).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    later(async () => {
      server.close();
      await once(server, "close");
    });
    const url = loopbackEndpoint(server).replace("http:", "https:");
    expect(await troubleOf(get(client(IMPATIENT), url))).toEqual(trouble("origin_timeout"));
  });
});

describe("an HTTP request that we abort", () => {
  const lost = new LeaseLostError();
  const stopAfter = (delayMs: number): AbortSignal => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(lost), delayMs);
    return controller.signal;
  };

  it("before it begins throws our own reason, and nothing is sent", async () => {
    const raw = await rawOrigin(() => undefined);
    expect(await thrownBy(get(client(), raw.url, { signal: AbortSignal.abort(lost) }))).toBe(lost);
    expect(raw.heads).toEqual([]);
  });

  it("before the headers arrive throws our own reason", async () => {
    const raw = await rawOrigin(() => undefined);
    expect(await thrownBy(get(client(), raw.url, { signal: stopAfter(50) }))).toBe(lost);
  });

  it.each([
    ["has begun", `${HEADERS}half`],
    ["has not begun", HEADERS],
  ])("during a body that %s throws our own reason", async (_when, said) => {
    const raw = await rawOrigin((socket) => socket.write(said));
    const controller = new AbortController();
    const response = await get(client(), raw.url, { signal: controller.signal });
    setTimeout(() => controller.abort(lost), 50);
    expect(await thrownBy(bodyOf(response))).toBe(lost);
  });

  it("after the response arrived, but before its body is read, throws our own reason to the reader", async () => {
    const raw = await rawOrigin((socket) => socket.write(`${HEADERS}half`));
    const controller = new AbortController();
    const response = await get(client(), raw.url, { signal: controller.signal });
    controller.abort(lost);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await thrownBy(bodyOf(response))).toBe(lost);
  });

  it("after its end has no effect on the next request", async () => {
    const raw = await rawOrigin((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    const http = client();
    const controller = new AbortController();
    await bodyOf(await get(http, raw.url, { signal: controller.signal }));
    controller.abort(lost);
    expect((await read(http, raw.url)).toString()).toBe("ok");
  });
});
