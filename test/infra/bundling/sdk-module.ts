import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { slimSdk } from "../../../infra/bundling/slim-sdk.ts";

/** The file of the client as an ES module: as it is, and as the bundles have it. */
export async function moduleOf(
  folder: string,
  client: string,
  file: string,
  slim: boolean,
): Promise<Readonly<Record<string, unknown>>> {
  const main = createRequire(import.meta.url).resolve(`@aws-sdk/${client}`);
  const outfile = path.join(folder, `${client}-${path.basename(file)}-${String(slim)}.mjs`);
  await build({
    entryPoints: [path.join(path.dirname(main), "../dist-es", file)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    mainFields: ["module", "main"],
    plugins: slim ? [slimSdk] : [],
    metafile: true,
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  return (await import(pathToFileURL(outfile).href)) as Readonly<Record<string, unknown>>;
}
