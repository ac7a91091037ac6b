/** Counting origins in a process of their own, as COUNTING says. Asked, it tells what each of them has seen. */
import { startCountingOrigin, type Counting } from "./counting-origin.ts";

process.on("disconnect", () => process.exit());
const counting = JSON.parse(process.env["COUNTING"] ?? "[]") as readonly Counting[];
const origins = await Promise.all(counting.map(startCountingOrigin));
process.on("message", () => process.send?.(origins.map(({ seen }) => seen())));
process.send?.(origins.map(({ url }) => url));
