import { createHash } from "node:crypto";
import type { RunningSha256, Sha256 } from "../../core/ports/sha256.ts";
import type { LocalStaging } from "./staging.ts";

/** Stands for a state in a checkpoint. The staged file itself is the state. */
const IN_THE_STAGED_FILE = "staged-file";

function running(): RunningSha256 {
  const hash = createHash("sha256");
  return {
    update: (bytes) => void hash.update(bytes),
    save: () => IN_THE_STAGED_FILE,
    digest: () => hash.digest("hex"),
  };
}

/**
 * SHA-256 by node:crypto, five times as fast as one whose state can be saved. It is continued by hashing the staged
 * file's first bytes again.
 */
export const fileSha256 = (staging: Pick<LocalStaging, "readPrefix">): Sha256 => ({
  create: async () => running(),
  async restore(state, { key, bytes }) {
    if (state !== IN_THE_STAGED_FILE) return undefined;
    const hash = running();
    let left = bytes;
    for await (const piece of staging.readPrefix(key, bytes)) {
      hash.update(piece);
      left -= piece.length;
    }
    return left === 0 ? hash : undefined;
  },
});
