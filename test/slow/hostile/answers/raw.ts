/** Answers given byte by byte, which need not be HTTP. */
import type { Answer } from "./answer.ts";

/** Receives the request and never answers. */
export const hang: Answer = () => undefined;

export const close: Answer = (_asked, reply) => reply.close();
export const reset: Answer = (_asked, reply) => reply.reset();

/** Sends what is given, and leaves the connection open. HEAD gets what comes before the first empty line. */
export const says =
  (...pieces: readonly (string | Uint8Array)[]): Answer =>
  (asked, reply) => {
    if (asked.method === "HEAD") reply.send(headOf(pieces));
    else for (const piece of pieces) reply.send(piece);
  };

/** The same, and closes the connection. */
export const saysAndCloses =
  (...pieces: readonly (string | Uint8Array)[]): Answer =>
  (asked, reply) => {
    says(...pieces)(asked, reply);
    reply.close();
  };

/** Sends one piece after another. */
export const drips =
  (everyMs: number, pieces: () => Iterable<string | Uint8Array>): Answer =>
  (asked, reply) => {
    if (asked.method === "HEAD") reply.close();
    else reply.every(everyMs, pieces());
  };

function headOf(pieces: readonly (string | Uint8Array)[]): Buffer {
  const all = Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : piece)));
  const ends = [all.indexOf("\r\n\r\n") + 4, all.indexOf("\n\n") + 2].filter((end) => end > 4);
  return ends.length === 0 ? all : all.subarray(0, Math.min(...ends));
}

export function* endless<T>(piece: T): Iterable<T> {
  for (;;) yield piece;
}
