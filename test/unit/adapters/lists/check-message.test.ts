import { hash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkMessage, type RawMessage } from "../../../../adapters/lists/entry/check-message.ts";
import { checkUrl } from "../../../../adapters/lists/entry/check-url.ts";
import { jobMessage, type JobMessage } from "../../../../core/model/message.ts";
import { canonicalUrl } from "../../../../core/model/url.ts";
import { reachOf, refusalOf } from "../../../../core/origin/reach.ts";
import { urlOf } from "../../cli/input/support.ts";

const isAccepted = (raw: RawMessage): boolean => "url" in checkMessage(raw);

const PIECES = [
  ...Array.from("ab1-_.~!$&'()*+,;=:@/?#|^`{}[]\"<>\\ \r\t\u00FC\u200B\uFFFD"),
  ...".. // %20 %2E %2e %41 %C3%A9 %c3 %7E % xn-- 0x7f com localhost".split(" "),
  ...":80 :443 :8443 :0 :99999 :// https:// user:secret@".split(" "),
];
const anyTail = fc.array(fc.constantFrom(...PIECES)).map((pieces) => pieces.join(""));
const oddUrl = fc.tuple(fc.constantFrom("https://", "http://", "HTTP://", "https:/", "ftp://", ""), anyTail);
const usualUrl = fc.tuple(
  fc.constantFrom("https://", "http://"),
  fc.constantFrom("example.org", "a_b.c-d.org", "xn--bcher-kva.example", "a.1", "0x7f", "localhost", "x.xn--p1ai"),
  fc.constantFrom("", "", ":80", ":443", ":8080", ":65535", ":080"),
  fc.constantFrom("/", "/a", "/?", "/a?b", "?", "#"),
  anyTail,
);
const anyUrl = fc.oneof(oddUrl, usualUrl).map((parts) => parts.join(""));
const acceptedUrl = anyUrl.filter((url) => isAccepted({ url }));
const hexDigits = fc.string({
  unit: fc.constantFrom(...Array.from("0123456789abcdefABCDEF")),
  minLength: 64,
  maxLength: 64,
});
const anyDigest = fc.oneof(hexDigits, fc.string(), fc.integer());
const anyId = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.string({ minLength: 500, maxLength: 530 }),
  fc.integer(),
);

describe("a message that is accepted", () => {
  it("is what the schema of messages makes of the same values", () => {
    const id = fc.string({ unit: "binary", minLength: 1 });
    const values = { work_id: id, artifact_id: id, url: acceptedUrl, sha256: hexDigits };
    const raw = fc.record(values, { requiredKeys: ["work_id", "artifact_id", "url"] });
    fc.assert(
      fc.property(raw, (accepted) => {
        expect(checkMessage(accepted)).toEqual(jobMessage.parse({ ...accepted, url: accepted.url.trim() }));
      }),
      { numRuns: 500 },
    );
  });

  it("has a URL that is fetched: neither its scheme nor its credentials are refused later", () => {
    fc.assert(
      fc.property(acceptedUrl, (url) => {
        expect(refusalOf(new URL(url), reachOf([], true))).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it("has the ids of its URL, if it has none of its own: the host, and the start of the canonical URL's digest", () => {
    fc.assert(
      fc.property(acceptedUrl, (url) => {
        const canonical = canonicalUrl(url.trim());
        expect(checkMessage({ url })).toMatchObject({
          work_id: new URL(canonical).host,
          artifact_id: hash("sha256", canonical).slice(0, 16),
        });
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ["https://example.org/", "https://example.org"],
    ["https://example.org/a", "HTTPS://EXAMPLE.org:443/./a#part"],
    ["http://example.org:8080/a~b?c=%2F", "http://example.org:8080/a%7Eb?c=%2f"],
  ])("has the same ids for %s and %s", (one, other) => {
    const { work_id, artifact_id } = checkMessage({ url: one }) as JobMessage;
    expect(checkMessage({ url: other })).toEqual({ work_id, artifact_id, url: other });
  });

  it("may have one id of its own", () => {
    expect(checkMessage({ url: urlOf(1), work_id: "w" })).toMatchObject({
      work_id: "w",
      artifact_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(checkMessage({ url: urlOf(1), artifact_id: "a" })).toMatchObject({
      work_id: "example.org",
      artifact_id: "a",
    });
  });
});

describe("a message that is refused", () => {
  it("is refused by the schema too, if its URL is fine", () => {
    const raw = fc.record(
      { work_id: anyId, artifact_id: anyId, sha256: anyDigest },
      { requiredKeys: ["work_id", "artifact_id"] },
    );
    fc.assert(
      fc.property(raw, (values) => {
        const message = { ...values, url: urlOf(1) };
        expect(isAccepted(message)).toBe(jobMessage.safeParse(message).success);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a URL of the web", () => {
  it("is accepted, whatever its path, query and fragment", () => {
    const url = fc.webUrl({ withQueryParameters: true, withFragments: true, size: "medium" });
    fc.assert(
      fc.property(url, (text) => {
        expect(checkUrl(text)).toMatchObject({ canonical: canonicalUrl(text) });
      }),
    );
  });
});
