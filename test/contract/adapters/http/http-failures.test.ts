import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import type { HttpTimeouts } from "../../../../adapters/http/send.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";
import {
  HEADERS,
  IMPATIENT,
  bodyOf,
  cleanUp,
  client,
  get,
  later,
  origin,
  rawOrigin,
  read,
  trouble,
  troubleOf,
} from "./http-support.ts";

afterEach(cleanUp);

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

interface Failure {
  readonly origin: string;
  readonly answer: (socket: Socket) => void;
  /** Called once the headers have arrived. */
  readonly afterwards?: (socket: Socket) => void;
  readonly reason: string;
  readonly timeouts?: HttpTimeouts;
}

const DRIP_EVERY_MS = 20;

/** Goes on with small pieces until the client hangs up: never silent, never done. */
function drip(socket: Socket, start: string, piece = "x"): void {
  socket.write(start);
  const dripping = setInterval(() => socket.write(piece), DRIP_EVERY_MS);
  socket.once("close", () => clearInterval(dripping));
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
    origin: "sends a header a byte at a time",
    answer: (socket) => drip(socket, "HTTP/1.1 200 OK\r\nX-Slow: "),
    reason: "origin_timeout",
    timeouts: IMPATIENT,
  },
  {
    origin: "sends informational answers for ever",
    answer: (socket) => drip(socket, "", "HTTP/1.1 102 Processing\r\n\r\n"),
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
    answer: (socket) => socket.end(`HTTP/1.1 200 OK\r\n${"X-Header: value\r\n".repeat(30_000)}\r\n`),
    reason: "headers_too_large",
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
    origin: "resets in a body without a length",
    answer: (socket) => socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf"),
    afterwards: (socket) => socket.resetAndDestroy(),
    reason: "origin_connection_lost",
  },
  {
    origin: "speaks HTTP/1.0 and resets",
    answer: (socket) => socket.write("HTTP/1.0 200 OK\r\n\r\nhalf"),
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
  it.runIf(process.platform === "linux")("accepts no connection: origin_connect_timeout", async () => {
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
    expect(await troubleOf(get(http, `http://127.0.0.1:${port}`))).toEqual(trouble("origin_connect_timeout"));
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
