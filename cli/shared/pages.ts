import { setImmediate as nextTurn } from "node:timers/promises";
import type { Row } from "../../adapters/local/database.ts";

/**
 * Reads rows page by page, in the order of their column `seq`. Others have their turn between two pages.
 * @param read gives the next rows after a `seq`.
 */
export async function* pagesOf(read: (afterSeq: number) => readonly Row[]): AsyncGenerator<readonly Row[]> {
  for (let seq = 0; ;) {
    const page = read(seq);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    seq = Number(last["seq"]);
    await nextTurn();
  }
}
