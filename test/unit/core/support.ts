import { createHash } from "node:crypto";
import { expect } from "vitest";
import { OutOfTimeError, RetryableError } from "../../../core/model/errors.ts";
import type { Content } from "../../../core/ports/content.ts";
import type { Origin, World } from "../../simulation/world.ts";

export const SMALL = Buffer.from("small");
export const LARGE = Buffer.from("a body of several parts, each of eight bytes");
export const sha256Of = (body: Uint8Array): string => createHash("sha256").update(body).digest("hex");

/** The URLs of all GET requests, in order. */
export const getsOf = ({ requests }: World): readonly string[] =>
  requests.filter(({ method }) => method === "GET").map(({ url }) => url);
export const eventsOf = (w: World, event: string) => w.events.filter((entry) => entry.event === event);
export const leavesNoLitter = (w: World): void => {
  expect([...w.stagedObjects.keys()]).toEqual([]);
  expect([...w.uploads.keys()]).toEqual([]);
};

/** A content bucket in which the invocation runs out of time as soon as a copy begins. */
export const stoppedCopy = (content: Content, outOfTime: AbortController): Content => ({
  ...content,
  publish: async (staged, key, signal) => {
    outOfTime.abort(new OutOfTimeError());
    return content.publish(staged, key, signal);
  },
});

/** An origin whose first `times` GET bodies break after `bytes` bytes; later ones are whole. */
export function tearing(whole: Origin, bytes: number, times = 1): Origin {
  let left = times;
  return async (request) => {
    const response = await whole(request);
    if (request.method === "HEAD" || left === 0) return response;
    left -= 1;
    return { ...response, body: cut(response.body, bytes) };
  };
}

export async function* cut(body: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  let left = bytes;
  for await (const piece of body) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) throw new RetryableError("origin_connection_lost");
  }
}
