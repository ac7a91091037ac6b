/** Origins in a process of their own, as many as ORIGINS says, that answer after DELAY_MS. */
import { startMixedOrigin } from "./mixed-origin.ts";

process.on("disconnect", () => process.exit());
const delayMs = Number(process.env["DELAY_MS"]);
const starting = Array.from({ length: Number(process.env["ORIGINS"]) }, async () => startMixedOrigin(delayMs));
process.send?.((await Promise.all(starting)).map(({ url }) => url));
