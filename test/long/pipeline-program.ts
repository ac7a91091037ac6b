/**
 * A pipeline in a process of its own, to be killed: `pipeline-program.ts <outDir> <workerEnv as JSON> <messages as JSON>`.
 * Says "accepted" when the messages are, stops when told to by its parent, and says "stopped" when it has.
 */
import { once } from "node:events";
import { startPipeline } from "../../local/pipeline.ts";

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
