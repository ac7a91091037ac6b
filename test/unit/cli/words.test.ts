import { describe, expect, it } from "vitest";
import { describeReason, fileLabel, formatBytes, formatDuration } from "../../../cli/shared/words.ts";

describe("the wording of the terminal output", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [5.5 * 2 ** 30, "5.5 GiB"],
    [3 * 2 ** 50, "3072.0 TiB"],
  ])("shows %d bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [900, "0.9 s"],
    [125_000, "2 min 5 s"],
    [7_260_000, "2 h 1 min"],
  ])("shows %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    ["https://example.org/a/b%20c.pdf?x=1", "b c.pdf"],
    ["https://example.org/a/", "a"],
    ["https://example.org", "example.org"],
    ["https://example.org/%E0%A4%A", "%E0%A4%A"],
  ])("labels the file of %s as %s", (url, label) => {
    expect(fileLabel(url)).toBe(label);
  });

  it.each([
    ["http_404", "the origin answered 404 Not Found"],
    ["http_799", "the origin answered 799"],
    ["unsupported_scheme:ftp", "only http and https are downloaded (ftp)"],
    ["retries_exhausted:torn_body", "given up after several tries: its body ended too early"],
    [
      "origin_certificate:self_signed",
      "its origin signed its certificate itself; if you trust it, name that certificate in NODE_EXTRA_CA_CERTS",
    ],
    [
      "origin_certificate:revoked",
      "its origin's certificate is not valid, which only the site's owner can change (revoked)",
    ],
    ["something_new:x", "something_new:x"],
  ])("explains the reason %s as: %s", (reason, words) => {
    expect(describeReason(reason)).toBe(words);
  });
});
