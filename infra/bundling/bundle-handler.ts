import { build, type Metafile } from "esbuild";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { slimSdk } from "./slim-sdk.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Lambda provides credentials in environment variables; the SDK's chain of other sources would add 108 KB. What else
 * we never call takes 58 KB.
 */
const IN_PLACE_OF = {
  "@aws-sdk/credential-provider-node": "adapters/aws/lambda-credentials.ts",
  "@aws-sdk/middleware-endpoint-discovery": "adapters/aws/left-out/endpoint-discovery.ts",
  "@aws-sdk/signature-v4-multi-region": "adapters/aws/left-out/multi-region-signatures.ts",
  "@smithy/core/event-streams": "adapters/aws/left-out/event-streams.ts",
  "@aws/lambda-invoke-store": "adapters/aws/left-out/invoke-store.ts",
  "@aws-lambda-powertools/jmespath/functions": "adapters/powertools/left-out/jmespath.ts",
  "@aws-lambda-powertools/jmespath": "adapters/powertools/left-out/jmespath.ts",
};
/** Bundled CommonJS code calls `require`, which ES modules do not have. */
const REQUIRE =
  "import{createRequire as _createRequire}from'node:module';const require=_createRequire(import.meta.url);";

/** Bundles the handler of `lambdas/<lambda>/` into `<folder>/index.mjs`, with its source map. */
export async function bundleHandler(lambda: string, folder: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`lambdas/${lambda}/handler.ts`],
    outfile: join(folder, "index.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    // Licences are in a file beside the bundle.
    legalComments: "external",
    // Without "module" esbuild bundles the SDK's CommonJS files: 825 KB instead of 568 KB.
    mainFields: ["module", "main"],
    alias: Object.fromEntries(Object.entries(IN_PLACE_OF).map(([name, path]) => [name, join(ROOT, path)])),
    plugins: [slimSdk],
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: "warning",
  });
  return metafile;
}
