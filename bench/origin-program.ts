/** An origin in a process of its own, so that what it needs counts for nobody else. */
import { startOrigin } from "../local/origin/server.ts";

process.on("disconnect", () => process.exit());
const { url } = await startOrigin();
process.send?.(url);
