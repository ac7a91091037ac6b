import * as fc from "fast-check";
import { expect, it } from "vitest";
import { RecordSplitter } from "../../../../adapters/lists/formats/csv-record.ts";

function read(text: string, delimiter: string | undefined): readonly unknown[] {
  const splitter = new RecordSplitter(delimiter);
  return text
    .split("\n")
    .map((line) => splitter.take(line))
    .filter((record) => record !== undefined);
}

const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

it("records in quotes, as RFC 4180 says, are read as they were written", () => {
  const value = fc.string({ unit: fc.constantFrom(...Array.from('ab ",;|\t\n')) });
  const records = fc.array(fc.array(value, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(records, fc.constantFrom(",", ";", "|", "\t"), (written, delimiter) => {
      const text = written.map((record) => record.map(quoted).join(delimiter)).join("\n");
      expect(read(text, delimiter)).toEqual(written);
    }),
    { numRuns: 1000 },
  );
});

it.each<[what: string, delimiter: string | undefined, text: string, values: readonly string[]]>([
  ["blanks around values are not theirs", ",", '  a b , " c ",d', ["a b", " c ", "d"]],
  ["a quote within a value without quotes is a character", ",", '5" disk,b"c', ['5" disk', 'b"c']],
  ["a tab beside a delimiter that is a tab is a value", "\t", 'a\t\t"b"\t', ["a", "", "b", ""]],
  ["a line without a delimiter is one value", undefined, "a,b;c", ["a,b;c"]],
  ["a line without a delimiter may be in quotes", undefined, '"a,""b"""', ['a,"b"']],
])("%s", (_, delimiter, text, values) => {
  expect(read(text, delimiter)).toEqual([values]);
});

it("a record is read after one that has a fault", () => {
  expect(read('"a"b,c\n"d",e', ",")).toEqual([{ reason: expect.stringContaining("value 1") }, ["d", "e"]]);
});
