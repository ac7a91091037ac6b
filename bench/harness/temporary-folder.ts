import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is removed when it is disposed. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "fetchonce-bench-"));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
