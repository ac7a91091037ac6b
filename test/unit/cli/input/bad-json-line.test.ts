import { describe, expect, it } from "vitest";
import type { InputOptions } from "../../../../cli/input/read-input.ts";
import { CR, URL_1 } from "./bad-support.ts";
import { DIGEST, listsOfTests } from "./support.ts";

const lists = listsOfTests();

describe("a JSON line", () => {
  const INTO_METADATA = 'put it into metadata: {"metadata": {...}}';
  const EXAMPLE = 'such as {"url": "https://example.org/file"}';
  const withUrl = (more: object): string => JSON.stringify({ url: URL_1, ...more });
  const MISSING = "url: missing; write the URL of the file, or choose the field that holds it with --url-column";
  it.each<[what: string, line: string, said: readonly string[], options?: InputOptions]>([
    ["that is not JSON", "{oops}", [`: not JSON; write an object on each line, ${EXAMPLE}`]],
    ["in single quotes", "{'url': 'x'}", [`: not JSON; write an object on each line, ${EXAMPLE}`]],
    ["with a comma behind it", `${withUrl({})},`, [": not JSON: a comma follows the object; leave it out"]],
    ["that begins an array", "[", [": a JSON array; make lines of it with: jq -c '.[]' LIST > NEW.jsonl"]],
    [
      "that begins an object",
      "{",
      [": the line ends before the JSON object does; write each on one line: jq -c . LIST > NEW.jsonl"],
    ],
    [
      "that is a plain URL",
      URL_1,
      [": a plain URL in a list of JSON; write it in double quotes, or choose --format txt"],
    ],
    ["of a classic Mac", `${withUrl({})}\r${withUrl({})}`, [`: ${CR}`]],
    ["that is an array", "[1]", [`: not a JSON object; write one on each line, ${EXAMPLE}`]],
    ["that is null", "null", [`: not a JSON object; write one on each line, ${EXAMPLE}`]],
    ["that is a number", "7", [`: not a JSON object; write one on each line, ${EXAMPLE}`]],
    [
      "that is text, but no URL",
      '"x"',
      [", url: not an absolute URL; write the whole of it, such as https://example.org/file"],
    ],
    ["without fields", "{}", [`, ${MISSING}`]],
    [
      "without the field that the user chose",
      withUrl({}),
      [`, url: unknown field; if it is your own, ${INTO_METADATA}`, `, ${MISSING}`],
      { urlColumn: "image" },
    ],
    [
      "with values that are not text",
      JSON.stringify({ url: 1, work_id: 7, artifact_id: {}, sha256: [] }),
      [
        ", work_id: not text; write an id as text",
        ", artifact_id: not text; write an id as text",
        ", url: not text; write the URL of the file as text",
        ", sha256: not text; write 64 hexadecimal digits as text",
      ],
    ],
    ["whose URL is null", '{"url":null}', [", url: missing; write the URL of the file"]],
    [
      "with empty values",
      withUrl({ work_id: "", sha256: "" }),
      [
        ", work_id: empty; write an id, or leave work_id out, and it is made from the URL",
        ", sha256: not 64 hexadecimal digits but empty; write the file's SHA-256, or leave it out",
      ],
    ],
    [
      "with half a character",
      '{"url":"https://example.org/\\ud800","work_id":"\\udc00"}',
      [
        ", work_id: holds half a character (a lone surrogate); write the list again, in UTF-8",
        ", url: holds a character that the program which wrote the list has lost (U+FFFD); write the list again, in UTF-8",
      ],
    ],
    [
      "with a field like ours",
      withUrl({ sha_256: DIGEST, Work: "w" }),
      [
        `, sha_256: unknown field; did you mean sha256? If it is your own, ${INTO_METADATA}`,
        `, Work: unknown field; did you mean work_id? If it is your own, ${INTO_METADATA}`,
      ],
    ],
    [
      "with fields of the user's own",
      withUrl({ note: 1, tracked: true }),
      [
        `, note: unknown field; if it is your own, ${INTO_METADATA}`,
        `, tracked: unknown field; if it is your own, ${INTO_METADATA}`,
      ],
    ],
    ["with two URLs", withUrl({ Link: URL_1 }), [", Link: given twice; url has one value"]],
    [
      "with a field in two spellings",
      withUrl({ work_id: "a", WORK_ID: "b" }),
      [", WORK_ID: given twice; work_id has one value"],
    ],
    [
      "whose metadata is not an object",
      withUrl({ metadata: [1] }),
      [', metadata: not a JSON object; write one, such as {"note": "mine"}'],
    ],
    [
      "whose metadata has names that it may not have",
      '{"url":"https://example.org/1","metadata":{"":1,"State":2,"n":3,"N":4,"__proto__":5}}',
      [
        ", metadata.: has no name; give it one, or leave it out",
        ", metadata.State: is the name of a field of the results; choose another",
        ", metadata.N: given twice, but for upper and lower case; choose another name",
        ", metadata.__proto__: cannot be a name; choose another",
      ],
    ],
  ])("%s is refused", async (_, line, said, options) => {
    expect((await lists.read("l.jsonl", `\n${line}\n`, options)).said).toEqual(
      said.map((rest) => `l.jsonl, line 2${rest}`),
    );
  });

  it("that begins an array ends the list: its other lines are not read", async () => {
    const { problems } = await lists.read("list", `[\n${withUrl({})},\n${withUrl({})}\n]\n`);
    expect(problems).toMatchObject([{ line: 1, endsList: true }]);
  });
});
