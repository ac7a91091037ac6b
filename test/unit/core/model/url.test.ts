import { describe, expect, it } from "vitest";
import { canonicalUrl, urlRefusal } from "../../../../core/model/url.ts";

describe("canonicalUrl", () => {
  it.each([
    ["HTTP://Example.COM/a", "http://example.com/a"],
    ["https://example.com:443/a", "https://example.com/a"],
    ["http://example.com", "http://example.com/"],
    ["http://example.com/a/../b/./c", "http://example.com/b/c"],
    ["http://example.com/a#fragment", "http://example.com/a"],
    ["http://example.com/%7euser/%3a", "http://example.com/~user/%3A"],
    ["http://example.com/?b=2&a=1", "http://example.com/?b=2&a=1"],
    ["http://example.com/?q=%7e%2f", "http://example.com/?q=~%2F"],
    ["http://münchen.example/", "http://xn--mnchen-3ya.example/"],
  ])("maps %s to %s, and that to itself", (text, canonical) => {
    expect(canonicalUrl(text)).toBe(canonical);
    expect(canonicalUrl(canonical)).toBe(canonical);
  });

  it("throws a TypeError for a relative URL", () => {
    expect(() => canonicalUrl("/relative")).toThrow(TypeError);
  });
});

describe("urlRefusal", () => {
  it.each([
    ["ftp://example.com/a", "unsupported_scheme:ftp"],
    ["file:///etc/passwd", "unsupported_scheme:file"],
    ["https://user@example.com/", "credentials_in_url"],
    ["https://:secret@example.com/", "credentials_in_url"],
    ["http://localhost/", "private_address"],
    ["http://localhost./", "private_address"],
    ["http://api.localhost/", "private_address"],
    ["http://printer.local/", "private_address"],
    ["http://metadata.google.internal/", "private_address"],
    ["http://127.0.0.1:9001/", "private_address"],
    ["http://2130706433/", "private_address"],
    ["http://0x7f.1/", "private_address"],
    ["http://10.1.2.3/", "private_address"],
    ["http://172.16.0.1/", "private_address"],
    ["http://192.168.0.1/", "private_address"],
    ["http://169.254.169.254/latest/meta-data", "private_address"],
    ["http://0.0.0.0/", "private_address"],
    ["http://100.64.0.1/", "private_address"],
    ["http://[::1]/", "private_address"],
    ["http://[::ffff:127.0.0.1]/", "private_address"],
    ["http://[fe80::1]/", "private_address"],
    ["http://[fd00::1]/", "private_address"],
    ["http://[::127.0.0.1]/", "private_address"],
    ["http://[::a9fe:a9fe]/", "private_address"],
    ["http://[4000::1]/", "private_address"],
    ["http://[64:ff9b::10.0.0.1]/", "private_address"],
    ["http://8.8.8.8:22/", "port_not_allowed:22"],
    ["https://example.com:25/", "port_not_allowed:25"],
    ["https://example.com:1023/", "port_not_allowed:1023"],
  ])("refuses %s as %s", (url, reason) => {
    expect(urlRefusal(url, false)).toBe(reason);
  });

  it.each([
    "https://example.com/",
    "http://8.8.8.8/",
    "http://[2606:4700::1111]/",
    "http://[64:ff9b::8.8.8.8]/",
    "http://localhosting.example/",
    "https://example.com:80/",
    "http://example.com:443/",
    "http://example.com:1024/",
    "http://example.com:65535/",
  ])("accepts the public URL %s", (url) => {
    expect(urlRefusal(url, false)).toBeUndefined();
  });

  it("accepts private hosts if they are allowed, but never credentials in a URL", () => {
    expect(urlRefusal("http://127.0.0.1:81/", true)).toBeUndefined();
    expect(urlRefusal("http://user@127.0.0.1/", true)).toBe("credentials_in_url");
  });
});
