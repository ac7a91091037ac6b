import { textOf } from "../../adapters/parquet/typed-rows.ts";
import type { WriteFormat } from "./format.ts";
import { RESULT_COLUMNS } from "./result-rows.ts";

/** Also quoted: an empty text, which differs from no value, and blanks at an end, which some readers drop. */
const QUOTED = /["\r\n\t,]|^$|^\s|\s$/;

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = textOf(value);
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Values with a delimiter between them, quoted as in RFC 4180. Texts that a spreadsheet takes for a formula are written
 * as they are: a program that reads the file must get the user's own values.
 */
export function delimited(delimiter: "," | "\t", lineEnd: "\r\n" | "\n"): WriteFormat {
  const lineOf = (values: readonly unknown[]): string => values.map(cell).join(delimiter) + lineEnd;
  return async (rows, append) => {
    const columns = [...new Set([...RESULT_COLUMNS, ...(await rows.ownColumns()).keys()])];
    append(lineOf(columns));
    for await (const page of rows.pages())
      append(page.map((row) => lineOf(columns.map((column) => row[column]))).join(""));
  };
}
