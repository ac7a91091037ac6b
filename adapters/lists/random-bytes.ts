import { open } from "node:fs/promises";

/** Bytes that can be read from any place. */
export interface RandomBytes {
  readonly byteLength: number;
  /** @throws RangeError if there are fewer. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/** The bytes are there, but cannot be had. It says nothing of what they are. */
export class BytesUnavailableError extends Error {
  override readonly name = "BytesUnavailableError";
}

export async function fileBytes(path: string): Promise<RandomBytes> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    return {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(end - start);
        for (let at = 0; at < bytes.length;) {
          const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
          if (bytesRead === 0) throw new RangeError("it ends too early");
          at += bytesRead;
        }
        return bytes.buffer;
      },
      close: async () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
