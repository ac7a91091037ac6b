import { expect, it, describe } from "vitest";
import { robotsFile, robotsText } from "../../../../../core/origin/robots/robots-file.ts";

const HOST = "https://origin.example";
const allows = (lines: readonly string[], path: string): boolean =>
  robotsFile(`${HOST}/robots.txt`, lines.join("\n")).allows(new URL(path, HOST));

const ALL = "User-agent: *";
const OURS = "User-agent: fetchonce";

describe("a robots.txt", () => {
  it.each([
    ["that is empty allows everything", [], "/a", true],
    ["that is an HTML page allows everything", ["<!doctype html>", "<p>Disallow: /"], "/a", true],
    ["with an empty Disallow allows everything", [ALL, "Disallow:"], "/a", true],
    ["disallows what begins with a path", [ALL, "Disallow: /a"], "/a/b?c", false],
    ["allows what does not begin with the path", [ALL, "Disallow: /a"], "/b/a", true],
    [
      "is obeyed as the group of fetchonce says, if there is one",
      [ALL, "Disallow: /", OURS, "Disallow: /a"],
      "/b",
      true,
    ],
    [
      "names fetchonce in any case, with a version",
      [ALL, "Disallow:", "user-AGENT: FetchOnce/1.0", "disallow: /"],
      "/b",
      false,
    ],
    ["that speaks to others alone allows everything", ["User-agent: other", "Disallow: /"], "/a", true],
    [
      "may have several groups for fetchonce",
      [OURS, "Disallow: /a", ALL, "Disallow:", OURS, "Disallow: /b"],
      "/b",
      false,
    ],
    ["lets the longest rule decide", [ALL, "Disallow: /a", "Allow: /a/b"], "/a/b/c", true],
    ["lets Allow decide between rules of one length", [ALL, "Disallow: /a", "Allow: /a"], "/a", true],
    ["may have wildcards", [ALL, "Disallow: /*.pdf$"], "/x/y.pdf", false],
    ["may end a rule with $", [ALL, "Disallow: /*.pdf$"], "/x/y.pdf?z", true],
    ["compares escapes as RFC 9309 says", [ALL, "Disallow: /%e3%83%84"], "/ツ", false],
    ["ends lines as old Macs did", [ALL, "\rDisallow: /a\r"], "/a", false],
  ] as const)("%s", (_, lines, path, isAllowed) => {
    expect(allows(lines, path)).toBe(isAllowed);
  });

  it.each([
    ["10", 10_000],
    ["0.5", 500],
    ["86400", 30_000],
    ["Infinity", 30_000],
    ["-1", 0],
    ["soon", 0],
    ["", 0],
  ])("with Crawl-delay: %j asks for %d ms between two requests", (text, delayMs) => {
    expect(robotsFile(`${HOST}/robots.txt`, `${ALL}\nCrawl-delay: ${text}`).crawlDelayMs).toBe(delayMs);
  });

  it("made to be slow to compare is compared with the beginning of a path", () => {
    const slow = [ALL, ...Array.from({ length: 5000 }, () => `Disallow: /*${"a".repeat(90)}b`)];
    const file = robotsFile(`${HOST}/robots.txt`, slow.join("\n"));
    expect(file.allows(new URL(`/${"a".repeat(200_000)}`, HOST))).toBe(true);
    expect(file.allows(new URL(`/${"a".repeat(90)}b`, HOST))).toBe(false);
  });
});

describe("of a body", () => {
  async function* body(...texts: readonly string[]): AsyncIterable<Uint8Array> {
    for (const text of texts) yield Buffer.from(text);
  }

  it("all is read, as UTF-8 without a byte order mark", async () => {
    const [first, second] = [Buffer.from("\uFEFFä").subarray(0, 4), Buffer.from("ä").subarray(1)];
    async function* split(): AsyncIterable<Uint8Array> {
      yield first;
      yield second;
    }
    expect(await robotsText(split())).toBe("ä");
  });

  it("whole lines of the first 500 KiB are read, and no piece after them", async () => {
    const line = `Disallow: /${"x".repeat(1012)}\n`;
    let isAskedForMore = false;
    async function* endless(): AsyncIterable<Uint8Array> {
      yield* body(...Array.from({ length: 500 }, () => line), "Disallow: /cut");
      isAskedForMore = true;
    }
    expect(await robotsText(endless())).toBe(line.repeat(500));
    expect(isAskedForMore).toBe(false);
  });
});
