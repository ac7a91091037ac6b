/** Proxies are asked for names that nobody here resolves. Direct connections stay checked. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { CheckedLookup, type Resolve } from "../../../../adapters/http/checked-lookup.ts";
import { nodeHttp, type ClosableHttp } from "../../../../adapters/http/node-http.ts";
import { proxiesOf, type Variables } from "../../../../adapters/http/proxies.ts";
import { startProxy, type Mood, type ProxyServer } from "../../../proxy-server.ts";
import { bodyOf, cleanUp, get, later, origin, PATIENT, unstopped } from "./http-support.ts";

afterEach(cleanUp);

async function proxy(mood?: Mood): Promise<ProxyServer> {
  const server = await startProxy(mood);
  later(async () => server.stop());
  return server;
}

interface Client {
  readonly http: ClosableHttp;
  /** Names that were resolved: all of them lead to 127.0.0.1. */
  readonly resolved: readonly string[];
}

function clientWith(variables: Variables, timeouts = PATIENT): Client {
  const resolved: string[] = [];
  const resolve: Resolve = (hostname, _options, callback) => {
    resolved.push(hostname);
    callback(null, [{ address: "127.0.0.1", family: 4 }]);
  };
  const http = nodeHttp(timeouts, { names: new CheckedLookup(resolve), proxies: proxiesOf(variables) });
  later(() => http.close());
  return { http, resolved };
}

const namedOrigin = async (name: string): Promise<string> =>
  (await origin((_request, response) => response.end("0123456789"))).replace("127.0.0.1", name);

it("a name is left to the proxy, and whatever it leads to is the proxy's own rule", async () => {
  const server = await proxy();
  const url = await namedOrigin("origin.example");
  const { http, resolved } = clientWith({ HTTP_PROXY: server.url });
  const answer = await http.request({ method: "GET", url, headers: {}, signal: unstopped(), accepts: () => false });
  expect((await bodyOf(answer)).toString()).toBe("0123456789");
  expect(resolved).toEqual([]);
  expect(server.asked).toEqual([{ line: `GET ${url}/`, credentials: undefined }]);
});

it("what NO_PROXY names is asked directly, and its addresses are checked", async () => {
  const server = await proxy();
  const url = await namedOrigin("direct.example");
  const { http, resolved } = clientWith({ HTTP_PROXY: server.url, NO_PROXY: "direct.example" });
  expect((await bodyOf(await get(http, url))).toString()).toBe("0123456789");
  const other = url.replace("direct.example", "other.direct.example");
  await expect(
    http.request({ method: "GET", url: other, headers: {}, signal: unstopped(), accepts: () => false }),
  ).rejects.toMatchObject({ reason: "private_address", failureClass: "policy" });
  expect(resolved).toContain("other.direct.example");
  expect(server.asked).toEqual([]);
});

describe("a proxy that does not do its work is not the origin's fault", () => {
  it.each<[string, "http" | "https", Mood, string]>([
    ["wants credentials", "https", 407, "proxy_refused:407"],
    ["wants credentials", "http", 407, "proxy_refused:407"],
    ["forbids the origin", "https", 403, "proxy_refused:403"],
    ["cannot reach the origin", "https", 502, "proxy_refused:502"],
    ["closes the connection", "https", "closes", "proxy_connection_lost"],
    ["closes the connection", "http", "closes", "proxy_connection_lost"],
    ["says nothing", "https", "silent", "proxy_timeout"],
  ])("%s, over %s: %s is %s", async (_name, scheme, mood, reason) => {
    const server = await proxy(mood);
    const variables = { HTTP_PROXY: server.url, HTTPS_PROXY: server.url };
    const { http } = clientWith(variables, { connectTimeoutMs: 700, idleTimeoutMs: 20_000 });
    await expect(get(http, `${scheme}://origin.example/`)).rejects.toMatchObject({ reason, failureClass: "system" });
  });

  it.each(["http", "https"])("one that does not listen, over %s: proxy_unreachable", async (scheme) => {
    const server = await startProxy();
    await server.stop();
    const { http } = clientWith({ HTTP_PROXY: server.url, HTTPS_PROXY: server.url });
    await expect(get(http, `${scheme}://origin.example/`)).rejects.toMatchObject({ reason: "proxy_unreachable" });
  });
});

it("a request that waits for a proxy is stopped at once", async () => {
  const server = await proxy("silent");
  const { http } = clientWith({ HTTPS_PROXY: server.url }, { connectTimeoutMs: 600_000, idleTimeoutMs: 600_000 });
  const stopping = new AbortController();
  const stopped = get(http, "https://origin.example/", { signal: stopping.signal });
  await vi.waitFor(() => expect(server.asked).toHaveLength(1));
  stopping.abort(new Error("the run ends"));
  await expect(stopped).rejects.toThrow("the run ends");
});

it("what a proxy passes on from the origin is the origin's: a failure, and a torn body", async () => {
  const server = await proxy();
  const url = await origin((request, response) => {
    if (request.url === "/503") return void response.writeHead(503).end();
    response.writeHead(200, { "content-length": "10" }).write("0123");
    setImmediate(() => response.destroy());
  });
  const { http } = clientWith({ HTTP_PROXY: server.url });
  const named = url.replace("127.0.0.1", "origin.example");
  expect((await get(http, `${named}/503`)).status).toBe(503);
  await expect(get(http, `${named}/torn`).then(bodyOf)).rejects.toMatchObject({ reason: "origin_connection_lost" });
});
