import { fileSha256 } from "../../../../adapters/local/sha256.ts";
import { localStaging } from "../../../../adapters/local/staging.ts";
import { wasmSha256 } from "../../../../adapters/node/sha256.ts";
import type { Sha256 } from "../../../../core/ports/sha256.ts";
import { newFolder } from "./local-backends.ts";

/** The key under which a body is staged. */
export const STAGED = "staging/job/1";

export interface Sha256Backend extends AsyncDisposable {
  readonly sha256: Sha256;
  /** Stages the body that is hashed, for implementations that read it again. */
  stage(body: Uint8Array): Promise<void>;
}

export const sha256Backends: Readonly<Record<string, () => Promise<Sha256Backend>>> = {
  "hash-wasm": async () => ({
    sha256: wasmSha256,
    stage: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }),
  "node:crypto and the staged file": async () => {
    const folder = await newFolder();
    const staging = localStaging(folder.path, 8);
    return {
      sha256: fileSha256(staging),
      stage: async (body) => void (await staging.put(STAGED, body, "text/plain")),
      [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
    };
  },
};
