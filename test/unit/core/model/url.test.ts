import { describe, expect, it } from "vitest";
import { canonicalUrl } from "../../../../core/model/url.ts";

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
