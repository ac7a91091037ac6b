import type { WriteFormat } from "./format.ts";

/** The lines of `results.jsonl`, in the order of the list. */
export const jsonLines: WriteFormat = async (rows, append) => {
  for await (const page of rows.pages()) append(page.map((row) => `${JSON.stringify(row)}\n`).join(""));
};
