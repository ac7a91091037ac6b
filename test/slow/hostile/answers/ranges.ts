/** An origin that offers ranges, and what can be wrong with them. */
import type { Answer, Asked } from "./answer.ts";
import { answered, bare, tornAfter, type Header } from "./http.ts";

/** The first byte that is asked for; undefined if the request has no range that we know. */
export function startOf({ headers }: Asked): number | undefined {
  const match = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "");
  return match ? Number(match[1]) : undefined;
}

export const rangeText = (start: number, body: Uint8Array): string =>
  `Content-Range: bytes ${start}-${body.length - 1}/${body.length}`;

/** What is answered to a range that starts at the byte. */
export type Rest = (start: number) => Answer;

/** Without a range, the one answer; with a range, the other. */
export const resumable =
  (first: Answer, rest: Rest): Answer =>
  (asked, reply) => {
    const start = startOf(asked);
    (start === undefined || asked.method === "HEAD" ? first : rest(start))(asked, reply);
  };

/** The rest of the body, as it should be. */
export const restOf =
  (body: Uint8Array, ...headers: readonly Header[]): Rest =>
  (start) =>
    answered(206, body.subarray(start), rangeText(start, body), ...headers);

/** Each connection brings so many bytes at most and ends. */
export const tornEvery = (bytes: number, body: Uint8Array, ...headers: readonly Header[]): Answer =>
  resumable(tornAfter(bytes, body, ...headers), (start) => tornRest(start, bytes, body, headers));

const tornRest =
  (start: number, bytes: number, body: Uint8Array, headers: readonly Header[]): Answer =>
  (asked, reply) => {
    bare(206, `Content-Length: ${body.length - start}`, rangeText(start, body), ...headers)(asked, reply);
    reply.sendBody(body.subarray(start, start + bytes)).close();
  };
