/** What the first bytes of a file can tell lies within so many (WHATWG MIME Sniffing, 5.2). */
export const HEAD_BYTES = 1_445;

/** The same body, whose first bytes are judged before any of it is passed on. */
export async function* sniffedBody(
  body: AsyncIterable<Uint8Array>,
  headBytes: number,
  judge: (head: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  let first: Uint8Array[] | undefined = [];
  let bytes = 0;
  for await (const piece of body) {
    if (!first) {
      yield piece;
      continue;
    }
    first.push(piece);
    bytes += piece.length;
    if (bytes < headBytes) continue;
    judge(joined(first, bytes));
    yield* first;
    first = undefined;
  }
  if (!first) return;
  judge(joined(first, bytes));
  yield* first;
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = pieces;
  if (only && pieces.length === 1) return only;
  const head = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    head.set(piece, at);
    at += piece.length;
  }
  return head;
}
