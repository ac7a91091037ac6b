/** `node infra/bundling/bundle.ts LAMBDA FOLDER`: bundles a handler of `lambdas/` into `FOLDER/index.mjs`. */
import { bundleHandler } from "./bundle-handler.ts";

const [lambda, folder] = process.argv.slice(2);
if (lambda === undefined || folder === undefined) throw new Error("Usage: node infra/bundling/bundle.ts LAMBDA FOLDER");
await bundleHandler(lambda, folder);
