/** The embedded S3 in a process of its own, to be measured and killed: `fork(this file, [stateDir])`. */
import { startEmbeddedS3 } from "../../local/s3/server.ts";

const [, , stateDir = ""] = process.argv;
const server = await startEmbeddedS3({ stateDir });
process.on("message", () => {
  process.send?.({ peakBytes: process.resourceUsage().maxRSS * 1024 });
});
process.send?.({ endpoint: server.endpoint });
