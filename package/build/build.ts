/** `npm run build`: makes `dist/`, which is what the package consists of. */
import { build, type BuildOptions, type Metafile } from "esbuild";
import { globSync } from "node:fs";
import { copyFile, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleHandler } from "../../infra/bundling/bundle-handler.ts";
import { writeDeclarations } from "./declarations.ts";
import { bundledPackages, noticesOf } from "./notices.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DIST = join(ROOT, "dist");

/** Programs of dist/, by their names. They and what they share lie side by side: IS_BUILT says why. */
const PROGRAMS = { main: "cli/main.ts", worker: "local/worker/program.ts", library: "package/library.ts" };
/** `fetchonce/cdk`. Its users bring the CDK: a construct must be of the same library as its scope. */
const CDK = { entry: { cdk: "package/cdk.ts" }, external: ["aws-cdk-lib", "constructs"] };
const COPIES = {
  "package/fetchonce.cjs": "fetchonce.cjs",
  "cli/dashboard/page": "page",
  "node_modules/uplot/dist/uPlot.iife.min.js": "page/uplot.js",
  "node_modules/uplot/dist/uPlot.min.css": "page/uplot.css",
};
/** CommonJS packages call `require`, which ES modules do not have. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** What all programs of dist/ are built with. */
const PROGRAM = {
  absWorkingDir: ROOT,
  outdir: DIST,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.13",
  mainFields: ["module", "main"],
  banner: { js: REQUIRE },
  // Names stay, for stack traces. Without --enable-source-maps, that is all they have.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
} as const satisfies BuildOptions;

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST);
const metafiles: Metafile[] = [
  (await build({ ...PROGRAM, entryPoints: PROGRAMS, splitting: true })).metafile,
  (await build({ ...PROGRAM, entryPoints: CDK.entry, external: CDK.external })).metafile,
];
for (const handler of globSync("lambdas/*/handler.ts", { cwd: ROOT })) {
  const lambda = basename(dirname(handler));
  metafiles.push(await bundleHandler(lambda, join(DIST, "lambdas", lambda)));
}
for (const [from, to] of Object.entries(COPIES)) {
  const path = join(ROOT, from);
  await (from.includes(".") ? copyFile(path, join(DIST, to)) : cp(path, join(DIST, to), { recursive: true }));
}
const notices = await noticesOf([...bundledPackages(metafiles), "node_modules/uplot"].map((path) => join(ROOT, path)));
await writeFile(join(DIST, "THIRD-PARTY-NOTICES.txt"), notices);
await writeDeclarations(ROOT, DIST);
