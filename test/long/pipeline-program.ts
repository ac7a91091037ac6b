/**
 * Runs a pipeline in a process of its own, so that tests can kill it:
 * `pipeline-program.ts <outDir> <workerEnv as JSON> <messages as JSON>`. It tells its parent "accepted" when the
 * messages are submitted, stops at the first message from its parent, and then tells it "stopped".
 */
import { once } from "node:events";
import { startPipeline } from "../embedded-aws/pipeline.ts";

const [, , outDir = "", workerEnv = "{}", messages = "[]"] = process.argv;
const pipeline = await startPipeline({
  outDir,
  workers: 2,
  reconcileEveryMs: 500,
  workerEnv: JSON.parse(workerEnv) as Record<string, string>,
});
await pipeline.submit(JSON.parse(messages) as object[]);
process.send?.("accepted");
await once(process, "message");
await pipeline.stop();
process.send?.("stopped");
process.disconnect();
