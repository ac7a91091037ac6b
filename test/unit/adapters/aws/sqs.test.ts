import { expect, it } from "vitest";
import { asciiJson } from "../../../../adapters/aws/sqs.ts";

it.each(["plain", "ümlaut", "漢字", "emoji 🙂", 'quote " and \\ and \u0007'])(
  "%j is the same JSON in ASCII",
  (text) => {
    const ascii = asciiJson(JSON.stringify({ text }));
    expect(ascii).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(ascii)).toEqual({ text });
  },
);
