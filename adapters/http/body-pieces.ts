import type http from "node:http";
import { timeOut } from "./reasons.ts";
import type { YoungGarbage } from "./young-garbage.ts";

interface Reading {
  readonly garbage: YoungGarbage;
  readonly idleTimeoutMs: number;
  readonly translate: (error: unknown) => unknown;
}

/** The timeout runs only while we wait for the origin: a reader that pauses is not the origin's fault. */
export async function* bodyPieces(
  response: http.IncomingMessage,
  { garbage, idleTimeoutMs, translate }: Reading,
): AsyncIterable<Uint8Array> {
  let isWaiting = true;
  const silence = setTimeout(() => isWaiting && response.destroy(timeOut()), idleTimeoutMs);
  try {
    for await (const piece of response as AsyncIterable<Uint8Array>) {
      isWaiting = false;
      yield piece;
      garbage.received(piece.length);
      isWaiting = true;
      silence.refresh();
    }
  } catch (error) {
    throw translate(error);
  } finally {
    clearTimeout(silence);
  }
}
