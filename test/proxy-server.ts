/** A proxy on 127.0.0.1 that takes every host for 127.0.0.1, and records what it is asked. */
import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { loopbackEndpoint } from "../local/shared/loopback.ts";

interface Asked {
  /** `CONNECT host:port`, or a method and a whole URL. */
  readonly line: string;
  readonly credentials: string | undefined;
}

/** What it does instead of its work: a status, an end of the connection, or nothing at all. */
export type Mood = number | "closes" | "silent" | undefined;

export interface ProxyServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Of the next requests, in order. Afterwards it does its work. */
  readonly moods: Mood[];
  stop(): Promise<void>;
}

const lineOf = ({ method, url }: IncomingMessage): string => `${method} ${url}`;

/** @param mood of all requests, unless `moods` has one for it. */
export async function startProxy(mood?: Mood): Promise<ProxyServer> {
  const asked: Asked[] = [];
  const moods: Mood[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  const moodFor = (message: IncomingMessage): Mood => {
    asked.push({ line: lineOf(message), credentials: message.headers["proxy-authorization"] });
    return moods.length > 0 ? moods.shift() : mood;
  };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  };
  server.on("connection", keep);
  server.on("request", (message, response) => {
    const now = moodFor(message);
    if (now === "silent") return;
    if (now === "closes") return void response.destroy();
    if (now !== undefined) return void response.writeHead(now).end("the proxy's own words");
    const { port, pathname, search } = new URL(message.url ?? "");
    // A proxy takes away what is meant for it alone.
    const { "proxy-authorization": _credentials, "proxy-connection": _connection, ...headers } = message.headers;
    const onward = request({ host: "127.0.0.1", port, path: pathname + search, method: message.method, headers });
    onward.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    onward.once("error", () => response.destroy()).end();
  });
  server.on("connect", (message, client: Socket, head) => {
    const now = moodFor(message);
    if (now === "silent") return;
    if (now === "closes") return void client.end();
    if (now !== undefined) return void client.end(`HTTP/1.1 ${now} No\r\n\r\n`);
    const origin = connect(Number(message.url?.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      origin.write(head);
      pipeline(origin, client, () => undefined);
      pipeline(client, origin, () => undefined);
    });
    keep(origin);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: loopbackEndpoint(server),
    asked,
    moods,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
