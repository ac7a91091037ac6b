import { describe, expect, it } from "vitest";
import { asciiJson } from "../../../../core/model/message.ts";

describe("a message to SQS", () => {
  it.each(["plain", "ümlaut", "漢字", "emoji 🙂", 'quote " and \\ and \u0007'])(
    "is printable ASCII that parses to the same JSON: %j",
    (text) => {
      const ascii = asciiJson(JSON.stringify({ text }));
      expect(ascii).toMatch(/^[\x20-\x7e]*$/);
      expect(JSON.parse(ascii)).toEqual({ text });
    },
  );
});
