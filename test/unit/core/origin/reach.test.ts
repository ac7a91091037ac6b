import { describe, expect, it } from "vitest";
import { acceptedAddresses, reachOf, refusalOf } from "../../../../core/origin/reach.ts";

describe("a URL", () => {
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
  ])("is refused: %s as %s", (url, reason) => {
    expect(refusalOf(new URL(url), reachOf([], false))).toBe(reason);
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
  ])("is accepted if it is public: %s", (url) => {
    expect(refusalOf(new URL(url), reachOf([], false))).toBeUndefined();
  });

  it("may lead to private hosts if everything is open, but never holds credentials", () => {
    expect(refusalOf(new URL("http://127.0.0.1:81/"), reachOf([], true))).toBeUndefined();
    expect(refusalOf(new URL("http://user@127.0.0.1/"), reachOf([], true))).toBe("credentials_in_url");
  });
});

describe("what is opened on purpose", () => {
  const OPEN = reachOf(["10.0.0.0/8", "192.168.1.5", "fd00::/8", "*.corp.example", "db.internal", ":21"], false);

  it.each([
    "http://10.1.2.3/",
    "http://192.168.1.5/",
    "http://[fd12::1]/",
    "http://a.b.corp.example/",
    "http://db.internal/",
    "ftp-over-http.example:21",
  ])("can be asked: %s", (url) => {
    expect(refusalOf(new URL(url.includes("://") ? url : `http://${url}`), OPEN)).toBeUndefined();
  });

  it.each([
    ["http://11.1.2.3.internal/", "private_address"],
    ["http://192.168.1.6/", "private_address"],
    ["http://[fe80::1]/", "private_address"],
    ["http://db.internal.local/", "private_address"],
    ["http://example.org:22/", "port_not_allowed:22"],
  ])("opens nothing beside it: %s is refused as %s", (url, reason) => {
    expect(refusalOf(new URL(url), OPEN)).toBe(reason);
  });

  it("lets an open name lead anywhere, and any other name to public addresses and open networks", () => {
    expect(acceptedAddresses(new URL("http://x.corp.example/"), OPEN)).toBeUndefined();
    const accepts = acceptedAddresses(new URL("http://corp.example/"), OPEN);
    expect(["8.8.8.8", "10.9.9.9", "::ffff:10.9.9.9", "fd00::1"].map((address) => accepts?.(address))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(["127.0.0.1", "192.168.1.6", "fe80::1", "169.254.169.254"].map((address) => accepts?.(address))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it.each(["", "10.0.0.0/33", ":0", ":70000", "*", "*.", "a b", "http://x/", "https-to ftp", "1.2.3", "-a"])(
    "cannot be %j, and the error says what can be",
    (entry) => {
      expect(() => reachOf([entry], false)).toThrow(/cannot be opened. Write a network/);
    },
  );
});
