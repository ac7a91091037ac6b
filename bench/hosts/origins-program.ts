/** Counting origins in a process of their own, as COUNTING says. Asked, it tells what each of them has seen. */
import { constants, setPriority } from "node:os";
import { startCountingOrigin, type Counting } from "./counting-origin.ts";

/** It counts what arrives when it arrives, however busy the machine is. Others than root may not. */
function hurry(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    process.stderr.write("Only root may give the origin a priority: on a busy machine it counts late.\n");
  }
}

hurry();
process.on("disconnect", () => process.exit());
const counting = JSON.parse(process.env["COUNTING"] ?? "[]") as readonly Counting[];
const origins = await Promise.all(counting.map(startCountingOrigin));
process.on("message", () => process.send?.(origins.map(({ seen }) => seen())));
process.send?.(origins.map(({ url }) => url));
