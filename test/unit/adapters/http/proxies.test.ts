import { describe, expect, it } from "vitest";
import { proxiesOf, type Variables } from "../../../../adapters/http/proxies.ts";

const NEW_NODE = "24.5.0";
const PROXY = "http://proxy.example:3128/";
const isCovered = (url: string, variables: Variables): boolean | undefined =>
  proxiesOf(variables, NEW_NODE)?.covers(new URL(url));

describe("the variables name a proxy", () => {
  it.each<[string, Variables, { readonly http_proxy?: string; readonly https_proxy?: string } | undefined]>([
    ["none", {}, undefined],
    ["none, for an empty value", { HTTP_PROXY: "", https_proxy: "" }, undefined],
    ["none, for NO_PROXY alone", { NO_PROXY: "*" }, undefined],
    ["for http", { HTTP_PROXY: PROXY }, { http_proxy: PROXY }],
    ["for https", { https_proxy: PROXY }, { https_proxy: PROXY }],
    ["in lower case, before upper case", { HTTP_PROXY: "http://other:1", http_proxy: PROXY }, { http_proxy: PROXY }],
    ["without a scheme", { HTTPS_PROXY: "proxy.example:3128" }, { https_proxy: PROXY }],
    ["over https", { HTTPS_PROXY: "https://proxy.example" }, { https_proxy: "https://proxy.example/" }],
  ])("%s", (_name, variables, urls) => {
    expect(proxiesOf(variables, NEW_NODE)?.urls).toEqual(urls);
  });

  it.each<[string, Variables, string]>([
    ["another protocol", { HTTPS_PROXY: "socks5://u:secret@h:1080" }, "HTTPS_PROXY names a proxy that speaks socks5"],
    ["no URL", { http_proxy: "http://u:secret@ :1" }, "http_proxy is not the URL of a proxy"],
    ["an undecodable password", { HTTP_PROXY: "http://u:secret%zz@h:1" }, "HTTP_PROXY is not the URL of a proxy"],
  ])("%s is refused, and the value is not repeated", (_name, variables, sentence) => {
    const set = () => proxiesOf(variables, NEW_NODE);
    expect(set).toThrow(sentence);
    expect(set).not.toThrow("secret");
  });
});

describe("NO_PROXY", () => {
  it.each<[string, string, boolean]>([
    ["", "http://example.org/", true],
    ["*", "http://example.org/", false],
    ["example.org", "http://example.org/", false],
    ["example.org", "https://www.example.org/", false],
    ["example.org", "http://notexample.org/", true],
    ["EXAMPLE.org", "http://example.ORG/", false],
    ["example.org", "http://example.org./", false],
    [".example.org", "http://example.org/", false],
    [".example.org", "http://www.example.org/", false],
    ["*.example.org", "http://www.example.org/", false],
    ["a.example, example.org", "http://example.org/", false],
    ["a.example example.org", "http://example.org/", false],
    ["example.org:8080", "http://example.org:8080/", false],
    ["example.org:8080", "http://example.org/", true],
    ["example.org:443", "https://example.org/", false],
    ["10.1.2.3", "http://10.1.2.3/", false],
    ["10.1.2.3:80", "http://10.1.2.3/", false],
    ["10.0.0.0/8", "http://10.1.2.3/", false],
    ["10.0.0.0/8", "http://11.1.2.3/", true],
    ["10.0.0.0/8", "http://[2606:4700::1]/", true],
    ["2606:4700::/32", "http://[2606:4700::1]/", false],
    ["2606:4700::1", "http://[2606:4700:0:0::1]/", false],
    ["[2606:4700::1]:8080", "http://[2606:4700::1]:8080/", false],
    ["[2606:4700::1]:8080", "http://[2606:4700::1]:8081/", true],
  ])("%j and %s: to the proxy %s", (list, url, expected) => {
    expect(isCovered(url, { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: list })).toBe(expected);
    expect(isCovered(url, { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: "x", no_proxy: list || "x" })).toBe(
      expected,
    );
  });
});

it.each(["http://localhost/", "http://a.localhost/", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/"])(
  "%s never goes to a proxy, for which it would be another machine",
  (url) => {
    expect(isCovered(url, { HTTP_PROXY: PROXY })).toBe(false);
  },
);

it("a URL whose scheme has no proxy does not go to the other's", () => {
  expect(isCovered("https://example.org/", { HTTP_PROXY: PROXY })).toBe(false);
  expect(isCovered("http://example.org/", { HTTPS_PROXY: PROXY })).toBe(false);
});

describe("a proxy needs a Node that knows them", () => {
  it.each(["22.13.0", "22.20.9", "23.11.0", "24.4.1"])("Node %s does not", (version) => {
    expect(() => proxiesOf({ HTTPS_PROXY: PROXY }, version)).toThrow(
      `HTTPS_PROXY names a proxy, which needs Node 22.21, 24.5 or newer, and this is Node ${version}. ` +
        "Use a newer Node, or unset the variable.",
    );
    expect(proxiesOf({}, version)).toBeUndefined();
  });

  it.each(["22.21.0", "22.30.1", "24.5.0", "24.21.0", "25.0.0", "26.1.0"])("Node %s does", (version) => {
    expect(proxiesOf({ HTTPS_PROXY: PROXY }, version)).toBeDefined();
  });
});
