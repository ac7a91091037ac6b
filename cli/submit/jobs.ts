import type { Readable } from "node:stream";
import { type Line, lineOf } from "../../core/lists/list-line.ts";
import { readList } from "../input/read-input.ts";
import type { Reading } from "./arguments.ts";
import type { ListFile } from "./list-file.ts";

/** The lines of a list, as many at a time as come in. */
export async function* linesOf(list: ListFile, reading: Reading, stdin: Readable): AsyncGenerator<readonly Line[]> {
  for await (const items of readList(list.source, reading, stdin))
    yield items.map((item) => lineOf(item, reading.metadata));
}
