/** What the tests of lists with mistakes share. */
import type { InputOptions } from "../../../../cli/input/read-input.ts";
import { urlOf } from "./support.ts";

/** A list that is refused, and what a person reads about it. */
export type BadList = [
  what: string,
  name: string,
  content: string | Uint8Array,
  said: readonly string[],
  options?: InputOptions,
];

export const URL_1 = urlOf(1);
export const CR =
  "holds a carriage return (CR); lines end with LF or CRLF. If CR alone ends the lines of the list, as on a classic " +
  "Mac, convert it with: tr '\\r' '\\n' < LIST > NEW";

export const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
