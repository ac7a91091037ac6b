/** HTTP_PROXY, HTTPS_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS reach the worker processes. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { describe, expect, it, onTestFinished } from "vitest";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";
import { certificateFor } from "../../certificates.ts";
import { startProxy, type Mood, type ProxyServer } from "../../proxy-server.ts";
import { Bench, Command, expectNoStackTrace } from "../../e2e/get/support.ts";

const NAME = "origin.example";

async function proxy(mood?: Mood): Promise<ProxyServer> {
  const server = await startProxy(mood);
  onTestFinished(async () => server.stop());
  return server;
}

interface Origins {
  /** By a name that only the proxy knows. */
  readonly http: string;
  readonly https: string;
  readonly authority: string;
  readonly asked: readonly IncomingMessage[];
}

async function startOrigins({ folder }: Bench): Promise<Origins> {
  const asked: IncomingMessage[] = [];
  const { authority, ...pair } = certificateFor(folder, [NAME]);
  const answer: RequestListener = (request, response) => {
    asked.push(request);
    response.end(`the body of ${request.url}`);
  };
  const servers = [createServer(answer), createSecureServer(pair, answer)];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  const [http = "", https = ""] = servers.map((server) => loopbackEndpoint(server).replace("127.0.0.1", NAME));
  return { http, https: https.replace("http:", "https:"), authority, asked };
}

/** None of the variables of whoever runs the tests. */
const CLEAN = Object.fromEntries(
  ["http", "https", "no"].flatMap((kind) => [`${kind}_proxy`, `${kind}_PROXY`.toUpperCase()]).map((name) => [name, ""]),
);
const through = (url: string, others: NodeJS.ProcessEnv = {}): { env: NodeJS.ProcessEnv } => ({
  env: { ...CLEAN, HTTP_PROXY: url, HTTPS_PROXY: url, ...others },
});

it("http and https go through the proxy, which alone sees the password", async () => {
  const bench = await Bench.start();
  const origins = await startOrigins(bench);
  const server = await proxy();
  const list = await bench.list("list.txt", [`${origins.http}/plain`, `${origins.https}/secure`]);
  const url = server.url.replace("//", "//me:p%40ss@");
  // Without --allow-private-hosts: where the proxy's name, or that of the origin, leads is the proxy's own rule.
  const args = ["get", list, "--out", bench.out, "--attempts", "1"];
  const ended = await new Command(args, through(url, { NODE_EXTRA_CA_CERTS: origins.authority })).ended();

  const ends = new Map(bench.results().map((result) => [result["url"], result]));
  expect(ends.get(`${origins.http}/plain`)).toMatchObject({ state: "INDEXED", bytes: "the body of /plain".length });
  expect(ends.get(`${origins.https}/secure`)).toMatchObject({ state: "INDEXED", bytes: "the body of /secure".length });
  expect(ended.code).toBe(0);
  const lines = new Set(server.asked.map(({ line }) => line));
  expect(lines).toEqual(
    new Set([
      `HEAD ${origins.http}/plain`,
      `GET ${origins.http}/plain`,
      `CONNECT ${origins.https.replace("https://", "")}`,
    ]),
  );
  const credentials = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
  expect(new Set(server.asked.map((each) => each.credentials))).toEqual(new Set([credentials]));
  expect(origins.asked.flatMap(({ headers }) => headers["proxy-authorization"] ?? [])).toEqual([]);
  for (const file of ["events.jsonl", "results.jsonl", ".fetchonce/log.jsonl", "report.html"])
    expect(readFileSync(`${bench.out}/${file}`, "utf8")).not.toMatch(/p@ss|p%40ss|proxy-authorization/i);
});

it("a certificate whose authority is not in NODE_EXTRA_CA_CERTS is refused", async () => {
  const bench = await Bench.start();
  const origins = await startOrigins(bench);
  const server = await proxy();
  const ended = await bench.got([`${origins.https}/secure`, "--attempts", "1"], through(server.url));
  expect(bench.results()).toMatchObject([
    { state: "FAILED", reason: "retries_exhausted:origin_certificate:unknown_issuer" },
  ]);
  expect([ended.code, origins.asked]).toEqual([1, []]);
});

describe("a proxy that does not do its work: the URL is tried again, then fails, and a sentence says why", () => {
  it.each<[string, "http" | "https", Mood, string, string]>([
    ["wants credentials", "https", 407, "proxy_refused:407", "the proxy refused to connect to its origin (407)"],
    ["wants credentials", "http", 407, "proxy_refused:407", "the proxy refused to connect to its origin (407)"],
    ["fails", "https", 502, "proxy_refused:502", "the proxy refused to connect to its origin (502)"],
    ["fails", "http", 502, "http_502", "the origin answered 502 Bad Gateway"],
    ["closes the connection", "https", "closes", "proxy_connection_lost", "the proxy closed the connection"],
    ["closes the connection", "http", "closes", "proxy_connection_lost", "the proxy closed the connection"],
  ])("%s, over %s", async (_name, scheme, mood, reason, sentence) => {
    const bench = await Bench.start();
    const server = await proxy(mood);
    const ended = await bench.got([`${scheme}://${NAME}/file`, "--attempts", "2"], through(server.url));
    expect(bench.results()).toMatchObject([{ reason: `retries_exhausted:${reason}`, attempts: 2 }]);
    expect(ended.stdout).toContain(sentence);
    expect(ended.code).toBe(1);
    expectNoStackTrace(ended);
  });

  it("once it works, the file is fetched", async () => {
    const bench = await Bench.start();
    const origins = await startOrigins(bench);
    const server = await proxy();
    server.moods.push(407, 502, "closes", 503);
    const { code } = await bench.got([`${origins.https}/file`], {
      ...through(server.url, { NODE_EXTRA_CA_CERTS: origins.authority }),
    });
    expect([code, bench.results()[0]?.["state"], server.moods]).toEqual([0, "INDEXED", []]);
  });
});

it("private addresses, private names and ports are refused although a proxy is set", async () => {
  const bench = await Bench.start();
  const server = await proxy();
  const urls = ["http://10.0.0.1/", "http://169.254.169.254/", "https://[fd00::1]/", "http://printer.local/"];
  const list = await bench.list("list.txt", [...urls, `http://${NAME}:25/`]);
  const { code } = await new Command(["get", list, "--out", bench.out], through(server.url)).ended();
  const reasons = bench.results().map(({ reason }) => String(reason));
  expect(reasons.toSorted()).toEqual(["port_not_allowed:25", ...urls.map(() => "private_address")]);
  expect([code, server.asked]).toEqual([1, []]);
});

it("this machine is asked directly, also without NO_PROXY", async () => {
  const bench = await Bench.start();
  const server = await proxy(502);
  const { code } = await bench.got(bench.urls({ name: "a.bin", size: 10 }), through(server.url));
  expect([code, bench.results()[0]?.["state"], server.asked]).toEqual([0, "INDEXED", []]);
});

describe("variables that name no usable proxy end the command with exit code 2, before anything is made", () => {
  it.each([
    ["HTTPS_PROXY", "socks5://me:secret@127.0.0.1:1080", "HTTPS_PROXY names a proxy that speaks socks5"],
    ["http_proxy", "http://me:secret@:", "http_proxy is not the URL of a proxy"],
  ])("%s", async (name, value, sentence) => {
    const bench = await Bench.start();
    const ended = await bench.got(["http://origin.example/"], { env: { ...CLEAN, [name]: value } });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toContain("secret");
    expect([ended.code, ended.stdout, bench.results()]).toEqual([2, "", []]);
  });
});
