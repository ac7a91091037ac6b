import { createSHA256 } from "hash-wasm";
import type { RunningSha256, Sha256 } from "../../core/ports/sha256.ts";

type WasmHash = Awaited<ReturnType<typeof createSHA256>>;

/** node:crypto is five times as fast, but its state cannot be saved. The state of hash-wasm can, in 116 bytes. */
const running = (hash: WasmHash): RunningSha256 => ({
  update: (bytes) => void hash.update(bytes),
  save: () => Buffer.from(hash.save()).toString("base64"),
  digest: () => hash.digest("hex"),
});

export const wasmSha256: Sha256 = {
  create: async () => running((await createSHA256()).init()),
  async restore(state) {
    try {
      return running((await createSHA256()).load(Buffer.from(state, "base64")));
    } catch {
      // `load` throws if another version of the library saved the state, or if it is not a state.
      return undefined;
    }
  },
};
