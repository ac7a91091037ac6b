import type { JobOrder } from "../model/order.ts";
import type { WantedBody } from "../transfer/wanted-body.ts";

/** What a message says that the body must be. */
export function wantedBy(sha256: string | undefined, order: JobOrder = {}): WantedBody {
  const { bytes, expect = {}, md5, sha512 } = order;
  const { least_bytes: leastBytes, most_bytes: mostBytes, type } = expect;
  return {
    digests: {
      ...(sha256 !== undefined && { sha256 }),
      ...(sha512 !== undefined && { sha512 }),
      ...(md5 !== undefined && { md5 }),
    },
    ...(bytes !== undefined && { bytes }),
    ...(leastBytes !== undefined && { leastBytes }),
    ...(mostBytes !== undefined && { mostBytes }),
    ...(type !== undefined && { type }),
  };
}
