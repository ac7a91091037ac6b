/** What a line of a JSON list may say of its file, through the real command. */
import { hash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";
import { Bench, expectNoStackTrace } from "../../e2e/get/support.ts";

const SECRET = "Bearer 7e1c-never-written-down";

/** An origin, and the headers that it was sent by path. */
async function server(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: IncomingMessage[] = [];
  const http = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: loopbackEndpoint(http), asked };
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

it("headers and a secret reach the URL's own origin, and nothing that is written holds the secret", async () => {
  const elsewhere = await server((_request, response) => response.end("the file"));
  const own = await server((_request, response) => response.writeHead(302, { location: `${elsewhere.url}/x` }).end());
  const bench = await Bench.start();
  const secrets = await bench.list("secrets.json", [
    JSON.stringify({ archive: { hosts: ["127.0.0.1"], headers: { Authorization: SECRET } } }),
  ]);
  const line = (more: object): string => JSON.stringify({ headers: { "X-Team": "data" }, auth: "archive", ...more });
  const list = await bench.list("list.jsonl", [
    line({ url: `${own.url}/a` }),
    line({ url: `${own.url}/b`, auth: "none" }),
  ]);
  const ended = await bench.got([list, "--secrets", secrets]);
  const ends = bench.results().map(({ state, reason }) => `${String(state)} ${String(reason)}`);
  expect(ends.toSorted()).toEqual(["FAILED secret_unknown:none", "INDEXED null"]);
  expect(own.asked.map(({ headers }) => [headers["authorization"], headers["x-team"]])).toEqual([
    [SECRET, "data"],
    [SECRET, "data"],
  ]);
  for (const { headers } of elsewhere.asked) {
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("x-team");
  }
  expect(filesBelow(bench.out).filter((path) => readFileSync(path).includes(SECRET))).toEqual([]);
  expect(ended.stdout + ended.stderr).not.toContain(SECRET);
  expect(ended.stdout).toContain("there is no secret of the name that it names");
});

it("a secret may lie in a variable", async () => {
  const own = await server((_request, response) => response.end("the file"));
  const bench = await Bench.start();
  const list = await bench.list("list.jsonl", [
    JSON.stringify({ url: `${own.url}/a`, auth: "my archive/1".replace(" ", "-") }),
  ]);
  const variable = JSON.stringify({ hosts: ["127.0.0.1"], headers: { authorization: SECRET } });
  const { code } = await bench.got([list], { env: { FETCHONCE_SECRET_MY_ARCHIVE_1: variable } });
  expect(code).toBe(0);
  expect(own.asked.map(({ headers }) => headers["authorization"])).toEqual([SECRET, SECRET]);
});

it.each([
  ["that is not there", undefined, /It cannot be read: ENOENT/],
  ["that is not JSON", "archive: x", /It cannot be read/],
  ["whose secret names no hosts", '{"archive": {"headers": {}}}', /Its secret archive is not in form. It must hold/],
])("a file of secrets %s is refused before anything is fetched", async (_what, text, said) => {
  const bench = await Bench.start();
  const path = text === undefined ? join(bench.folder, "absent.json") : await bench.list("secrets.json", [text]);
  const ended = await bench.got([...bench.urls({ name: "a", size: 1 }), "--secrets", path]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(said);
  expectNoStackTrace(ended);
  expect(bench.origin.requests).toEqual([]);
});

it("mirrors, digests, sizes and types of a list are obeyed, and a wrong line is named", async () => {
  const file = Buffer.from("%PDF-1.7 and so on");
  const origin = await server((request, response) => {
    if (request.url === "/gone") response.writeHead(404).end();
    else response.writeHead(200, { "content-type": "application/pdf" }).end(file);
  });
  const bench = await Bench.start();
  const url = (name: string): string => `${origin.url}/${name}`;
  const good = {
    md5: hash("md5", file),
    sha512: hash("sha512", file),
    bytes: file.length,
    expect: { type: "application/pdf", least_bytes: 1 },
  };
  const list = await bench.list(
    "list.jsonl",
    [
      { url: url("gone"), mirrors: [url("mirror")], ...good },
      { url: url("1"), md5: "0".repeat(32) },
      { url: url("2"), bytes: 1 },
      { url: url("3"), expect: { type: "image/png" } },
    ].map((line) => JSON.stringify(line)),
  );
  const { code } = await bench.got([list]);
  const results = bench.results().toSorted((a, b) => String(a["url"]).localeCompare(String(b["url"])));
  expect(results.map(({ state, reason, final_url }) => [state, reason, final_url])).toEqual([
    ["FAILED", "digest_mismatch", null],
    ["FAILED", "size_mismatch", null],
    ["FAILED", "unexpected_type:application/pdf", null],
    ["INDEXED", null, url("mirror")],
  ]);
  expect(code).toBe(1);

  const wrong = await bench.list("wrong.jsonl", [JSON.stringify({ url: url("1"), mirrors: ["x"], expct: {} })]);
  const refused = await bench.got([wrong]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("expct: unknown field; did you mean expect?");
});

it("a refreshed line costs no download if nothing has changed, and a new file if something has", async () => {
  let version = 1;
  let bodies = 0;
  const origin = await server((request, response) => {
    const etag = `"v${version}"`;
    if (request.headers["if-none-match"] === etag) return response.writeHead(304, { etag }).end();
    if (request.method === "GET") bodies += 1;
    return response.writeHead(200, { etag }).end(request.method === "GET" ? `version ${version}` : undefined);
  });
  const bench = await Bench.start();
  const get = async (refresh?: string) => {
    const list = await bench.list("list.jsonl", [JSON.stringify({ url: `${origin.url}/f`, refresh })]);
    await bench.got([list]);
    return bench.results()[0];
  };
  const first = await get();
  const same = await get("monday");
  version = 2;
  const newer = await get("tuesday");
  expect(
    [first, same, newer].map((result) => [result?.["state"], result?.["unchanged"], result?.["previous_job"]]),
  ).toEqual([
    ["INDEXED", null, null],
    ["DEDUPED", true, first?.["job_id"]],
    ["INDEXED", false, same?.["job_id"]],
  ]);
  expect(bodies).toBe(2);
});
