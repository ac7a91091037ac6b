import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 100;

/**
 * Waits until `look` finds nothing missing.
 * @param look returns what is still missing, or `undefined`.
 * @throws Error after `longestMs`, with what was waited for and what was seen last.
 */
export async function until(what: string, longestMs: number, look: () => Promise<string | undefined>): Promise<void> {
  const endMs = Date.now() + longestMs;
  for (;;) {
    const missing = await look();
    if (missing === undefined) return;
    if (Date.now() > endMs) throw new Error(`Waited for ${longestMs} ms until ${what}. Last seen: ${missing}`);
    await sleep(LOOK_EVERY_MS);
  }
}
