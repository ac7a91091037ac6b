/** Runs the embedded S3 in its own process, so that tests can measure and kill it: `fork(this file, [stateDir])`. */
import { startEmbeddedS3 } from "../embedded-aws/s3/server.ts";

const [, , stateDir = ""] = process.argv;
const server = await startEmbeddedS3({ stateDir });
process.on("message", () => {
  process.send?.({ peakBytes: process.resourceUsage().maxRSS * 1024 });
});
process.send?.({ endpoint: server.endpoint });
