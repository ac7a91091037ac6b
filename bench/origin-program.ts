/** An origin in a process of its own, so that its memory and CPU time are not counted as another process's. */
import { startOrigin } from "../local/origin/server.ts";

process.on("disconnect", () => process.exit());
const { url } = await startOrigin();
process.send?.(url);
