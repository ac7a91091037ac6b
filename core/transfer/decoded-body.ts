import { PermanentError } from "../model/errors.ts";
import { refuseOtherThanAnnounced, type AnnouncedDigest } from "../origin/announced-digests.ts";
import type { TransferDeps } from "./transfer-deps.ts";

/** A body that unpacks to more than this, and to so many times its size, is made to fill disks. */
const BOMB_BYTES = 100 * 1024 * 1024;
const BOMB_RATIO = 200;

/**
 * A body without its content codings. The digests that the origin announced are those of the coded bytes.
 * @throws RetryableError when the coded bytes are damaged; OriginDigestError when they are not what was announced;
 * PermanentError (policy) when the body is a bomb.
 */
export async function* decodedBody(
  { decoder, digests }: TransferDeps,
  raw: AsyncIterable<Uint8Array>,
  codings: readonly string[],
  announced: readonly AnnouncedDigest[],
): AsyncIterable<Uint8Array> {
  const running = await digests.create([...new Set(announced.map(({ algorithm }) => algorithm))]);
  let codedBytes = 0;
  async function* counted(): AsyncIterable<Uint8Array> {
    for await (const piece of raw) {
      codedBytes += piece.length;
      running.update(piece);
      yield piece;
    }
    refuseOtherThanAnnounced(announced, running.digests());
  }
  const body = codings.reduceRight<AsyncIterable<Uint8Array>>(
    (coded, coding) => decoder.decode(coding, coded),
    counted(),
  );
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > BOMB_BYTES && bytes > BOMB_RATIO * codedBytes) throw new PermanentError("encoding_bomb", "policy");
    yield piece;
  }
}
