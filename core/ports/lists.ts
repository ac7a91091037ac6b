import type { InputItem, InputOptions } from "./list-items.ts";

/** An object among the lists, in one of its versions. */
export interface FoundList {
  readonly key: string;
  readonly etag: string;
  readonly modifiedAtMs: number;
}

/** The list is gone, was replaced, or cannot be read in the way that was wished. The message says what to do. */
export class UnusableListError extends Error {
  override readonly name = "UnusableListError";
}

/** The lists that somebody has put below a prefix. */
export interface Lists {
  /** What people and messages call a list. */
  nameOf(key: string): string;
  /** All that there are. */
  found(): AsyncIterable<readonly FoundList[]>;
  /** What the object's own metadata say, under names in lower case. @throws UnusableListError */
  wishes(list: Pick<FoundList, "etag" | "key">): Promise<Readonly<Record<string, string>>>;
  /** As many at a time as come in; perhaps none, so that the caller can look at its clock. @throws UnusableListError */
  items(list: Pick<FoundList, "etag" | "key">, options: InputOptions): AsyncIterable<readonly InputItem[]>;
}
