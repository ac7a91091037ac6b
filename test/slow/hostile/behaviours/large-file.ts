/** A file of 12 MiB, which breaks off after 9. */
import type { Answer } from "../answers/answer.ts";
import { inTurn } from "../answers/compose.ts";
import { tornAfter, whole, type Header } from "../answers/http.ts";
import { resumable, type Rest } from "../answers/ranges.ts";

export const MIB = 1024 * 1024;
export const SIZE = 12 * MIB + 5;
export const TORN_AT = 9 * MIB;
export const LARGE = { bytes: SIZE };

export const TAG = 'ETag: "one"';
export const RANGES = "Accept-Ranges: bytes";
export const OFFERS: readonly Header[] = [TAG, RANGES];

/** The first answer breaks off; the second without a range is whole. A range gets what is given. */
export const tornOnce = (body: Buffer, rest: Rest, ...headers: readonly Header[]): Answer =>
  resumable(inTurn(tornAfter(TORN_AT, body, ...headers), whole(body, ...headers)), rest);
