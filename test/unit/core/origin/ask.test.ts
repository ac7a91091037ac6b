import { describe, expect, it } from "vitest";
import { askOrigin } from "../../../../core/origin/ask.ts";
import { reachOf } from "../../../../core/origin/reach.ts";
import type { HttpRequest } from "../../../../core/ports/http.ts";
import { answer, world, type Answer, type World } from "../../../simulation/world.ts";

const FIRST = "https://origin.example/file";

/** Answers each URL with what the table says, and everything else with the file. */
const ask = async (
  answers: Readonly<Record<string, Answer>>,
  { settings = {}, url = FIRST }: { settings?: Partial<World["deps"]["settings"]>; url?: string } = {},
) => {
  const w = world({ settings });
  w.serve((request: HttpRequest) => answer(answers[request.url] ?? {}));
  const { url: finalUrl } = await askOrigin(w.deps, { method: "GET", url, signal: new AbortController().signal });
  return { finalUrl, asked: w.requests.map((request) => request.url), requests: w.requests };
};
const to = (location: string, setCookies: readonly string[] = []): Answer => ({
  status: 302,
  headers: { location },
  setCookies,
});

describe("a redirect", () => {
  it.each([
    ["/moved", "https://origin.example/moved"],
    ["moved?a=b", "https://origin.example/moved?a=b"],
    ["//other.example/x", "https://other.example/x"],
    ["https://other.example/a b", "https://other.example/a%20b"],
    ["/naïve/ü", "https://origin.example/na%C3%AFve/%C3%BC"],
    ["/na%C3%AFve", "https://origin.example/na%C3%AFve"],
    ["/x#part", "https://origin.example/x"],
    ["  /blanks  ", "https://origin.example/blanks"],
    ["https:\\\\other.example\\x", "https://other.example/x"],
  ])("to %j leads to %s", async (location, target) => {
    const { finalUrl, asked } = await ask({ [FIRST]: to(location) });
    expect([finalUrl, asked]).toEqual([target, [FIRST, target]]);
  });

  it.each([
    ["http://127.0.0.1:9001/", "policy", "private_address"],
    ["ftp://origin.example/", "policy", "unsupported_scheme:ftp"],
    ["http://", "origin", "redirect_to_invalid_url"],
    [" ", "origin", "redirect_without_location"],
    [FIRST, "origin", "redirect_loop"],
    [`${FIRST}#part`, "origin", "redirect_loop"],
    ["http://origin.example/file", "policy", "redirect_to_http"],
    ["https://origin.example:22/file", "policy", "port_not_allowed:22"],
    ["https://user:x@origin.example/file", "policy", "credentials_in_url"],
  ])("to %j fails (%s: %s)", async (location, failureClass, reason) => {
    await expect(ask({ [FIRST]: to(location) })).rejects.toMatchObject({
      name: "PermanentError",
      failureClass,
      reason,
    });
  });

  it("is followed as often as the settings say, and not once more", async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 9 }, (_, n) => [`https://origin.example/${n}`, to(`/${n + 1}`)]),
    );
    const url = "https://origin.example/0";
    expect((await ask(chain, { url, settings: { mostRedirects: 9 } })).finalUrl).toBe("https://origin.example/9");
    await expect(ask(chain, { url, settings: { mostRedirects: 8 } })).rejects.toMatchObject({
      reason: "too_many_redirects",
    });
  });

  it("may give up encryption only if the settings allow it", async () => {
    const answers = { [FIRST]: to("http://origin.example/file") };
    const settings = { reach: reachOf(["https-to-http"], false) };
    expect((await ask(answers, { settings })).finalUrl).toBe("http://origin.example/file");
  });

  it("without a Location is a choice among several if its status is 300", async () => {
    expect((await ask({ [FIRST]: { status: 300 } })).asked).toEqual([FIRST]);
    await expect(ask({ [FIRST]: { status: 301 } })).rejects.toMatchObject({ reason: "redirect_without_location" });
  });
});

describe("cookies", () => {
  const cookiesOf = async (answers: Readonly<Record<string, Answer>>): Promise<readonly (string | undefined)[]> =>
    (await ask(answers)).requests.map(({ headers }) => headers["cookie"]);

  it("let a chain come back to the same URL, which is no loop", async () => {
    const w = world();
    w.serve(({ headers }) => answer(headers["cookie"] === "seen=1" ? {} : to(FIRST, ["seen=1; Path=/; HttpOnly"])));
    await askOrigin(w.deps, { method: "GET", url: FIRST, signal: new AbortController().signal });
    expect(w.requests.map(({ headers }) => headers["cookie"])).toEqual([undefined, "seen=1"]);
  });

  it.each([
    ["to the host that set them", "/next", "a=1", "a=1"],
    ["to another host: never", "https://other.example/", "a=1", undefined],
    [
      "to a host of the same domain, if they say so",
      "https://www.origin.example/",
      "a=1; Domain=origin.example",
      "a=1",
    ],
    ["to a host of the same domain: not otherwise", "https://www.origin.example/", "a=1", undefined],
    ["for a foreign domain: never", "https://other.example/", "a=1; Domain=other.example", undefined],
    ["for a registry: never", "https://other.example/", "a=1; Domain=example", undefined],
    ["below their path", "/shop/x", "a=1; Path=/shop", "a=1"],
    ["beside their path: not", "/shopping", "a=1; Path=/shop", undefined],
    ["that are over: not", "/next", "a=1; Max-Age=0", undefined],
    ["whose time has passed: not", "/next", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", undefined],
    ["with their value as it came", "/next", 'a="x%20y=z"', 'a="x%20y=z"'],
  ])("are sent back %s", async (_what, location, cookie, sent) => {
    expect(await cookiesOf({ [FIRST]: to(location, [cookie]) })).toEqual([undefined, sent]);
  });

  it("that ask for encryption are not sent without it", async () => {
    const answers = { [FIRST]: to("http://origin.example/plain", ["a=1; Secure", "b=2"]) };
    const { requests } = await ask(answers, { settings: { reach: reachOf(["https-to-http"], false) } });
    expect(requests.at(-1)?.headers["cookie"]).toBe("b=2");
  });

  it("are forgotten with the chain", async () => {
    const w = world();
    w.serve(({ url }) => answer(url === FIRST ? to("/next", ["a=1"]) : {}));
    for (const method of ["HEAD", "GET"] as const)
      await askOrigin(w.deps, { method, url: FIRST, signal: new AbortController().signal });
    expect(w.requests.map(({ headers }) => headers["cookie"])).toEqual([undefined, "a=1", undefined, "a=1"]);
  });
});

describe("a request", () => {
  it.each([
    ["HTTP://Origin.EXAMPLE/a", "http://origin.example/a"],
    ["  https://origin.example/a  ", "https://origin.example/a"],
    ["https://origin.example/a\tb", "https://origin.example/ab"],
    ["https://origin.example/a[1]|b", "https://origin.example/a[1]|b"],
    ["https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"],
    ["https://origin.example/a#part", "https://origin.example/a"],
  ])("for %j asks for what was checked: %s", async (url, asked) => {
    expect((await ask({}, { url })).asked).toEqual([asked]);
  });

  it("carries the usual headers, those of its host over them, and asks for bytes as they are", async () => {
    const requestHeaders = {
      usual: { "user-agent": "fetchonce/1", accept: "*/*" },
      byHost: [
        ["*.example", { "x-a": "1", accept: "text/html" }],
        ["origin.example", { accept: "application/pdf" }],
        ["other.test", { "x-b": "2" }],
      ] as const,
    };
    const { requests } = await ask({ [FIRST]: to("https://other.test/") }, { settings: { requestHeaders } });
    expect(requests.map(({ headers }) => headers)).toEqual([
      { "accept-encoding": "identity", "user-agent": "fetchonce/1", accept: "application/pdf", "x-a": "1" },
      { "accept-encoding": "identity", "user-agent": "fetchonce/1", accept: "*/*", "x-b": "2" },
    ]);
  });
});
