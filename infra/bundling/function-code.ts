import { type AssetCode, Code } from "aws-cdk-lib/aws-lambda";
import { AssetHashType, DockerImage } from "aws-cdk-lib/core";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** In the package the bundles are ready, beside the program that this module is part of. */
const READY = import.meta.url.endsWith(".ts") ? undefined : new URL("lambdas/", import.meta.url);

/** The bundled handler of `lambdas/<name>/`: `index.mjs`. */
export const functionCode = (name: string): AssetCode =>
  READY ? Code.fromAsset(fileURLToPath(new URL(name, READY))) : bundled(name);

/**
 * A program of its own makes the bundle: the construct that CDK has for it takes no plugins of esbuild
 * ([ADR 0107](../../docs/adr/0107-bundles-are-made-by-a-program.md)).
 */
const bundled = (name: string): AssetCode => {
  const program = ["infra/bundling/bundle.ts", name];
  return Code.fromAsset(PROJECT_ROOT, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // CDK shares what is made by the same command.
      command: program,
      local: {
        tryBundle(folder) {
          execFileSync(process.execPath, [...program, folder], { cwd: PROJECT_ROOT, stdio: ["ignore", 2, 2] });
          return true;
        },
      },
      image: DockerImage.fromRegistry("none: a bundle is always made on this machine"),
    },
  });
};
