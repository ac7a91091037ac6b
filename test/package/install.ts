import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { installNode, nodeIn, npm } from "./npm.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OLD_NODES = { oldest: "22.13.0", tooOld: "20.19.0" };

declare module "vitest" {
  export interface ProvidedContext {
    tarball: string;
    /** A folder outside of the repository, into which the tarball is installed. */
    installed: string;
    /** Paths of older Nodes; or why one cannot be had. */
    oldest: { readonly path?: string; readonly trouble?: string };
    tooOld: { readonly path?: string; readonly trouble?: string };
  }
}

/** Packs the package and installs it without a registry, in a folder outside of the repository. */
export default async function install({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-package-"));
  const user = join(folder, "user");
  await mkdir(user);
  await writeFile(join(user, "package.json"), '{ "name": "user", "private": true, "type": "module" }\n');
  const name = await npm(ROOT, "pack", "--silent", "--pack-destination", folder);
  await npm(user, "install", "--offline", join(folder, name));
  provide("tarball", join(folder, name));
  provide("installed", user);
  provide("oldest", await nodeOf(OLD_NODES.oldest));
  provide("tooOld", await nodeOf(OLD_NODES.tooOld));
  return async () => rm(folder, { recursive: true, maxRetries: 5, retryDelay: 200 });
}

/** Installs into a cache, which stays until `npm ci`. */
async function nodeOf(version: string): Promise<{ readonly path: string } | { readonly trouble: string }> {
  const folder = join(ROOT, "node_modules/.cache/fetchonce-nodes", version);
  try {
    await mkdir(folder, { recursive: true });
    await installNode(folder, version);
    return { path: nodeIn(folder) };
  } catch (error) {
    return { trouble: `Node ${version} cannot be had from the registry: ${String(error)}` };
  }
}
