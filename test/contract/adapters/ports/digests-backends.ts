import { fileDigests } from "../../../../adapters/local/digests.ts";
import { localStaging } from "../../../../adapters/local/staging.ts";
import { wasmDigests } from "../../../../adapters/node/digests.ts";
import type { Digests } from "../../../../core/ports/digests.ts";
import { newFolder } from "./local-backends.ts";

/** The key under which a body is staged. */
export const STAGED = "staging/job/1";

export interface DigestsBackend extends AsyncDisposable {
  readonly digests: Digests;
  /** Stages the body that is hashed, for implementations that read it again. */
  stage(body: Uint8Array): Promise<void>;
}

export const digestsBackends: Readonly<Record<string, () => Promise<DigestsBackend>>> = {
  "hash-wasm": async () => ({
    digests: wasmDigests,
    stage: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }),
  "node:crypto and the staged file": async () => {
    const folder = await newFolder();
    const staging = localStaging(folder.path, 8);
    return {
      digests: fileDigests(staging),
      stage: async (body) => void (await staging.put(STAGED, body, "text/plain")),
      [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
    };
  },
};
