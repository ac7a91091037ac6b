import { startChild } from "../harness/child.ts";
import type { Counting, Seen } from "./counting-origin.ts";

export interface CountingOrigins extends AsyncDisposable {
  readonly urls: readonly string[];
  /** What each has seen so far. */
  seen(): Promise<readonly Seen[]>;
}

export async function startCountingOrigins(counting: readonly Counting[]): Promise<CountingOrigins> {
  const child = await startChild(new URL("origins-program.ts", import.meta.url), {
    COUNTING: JSON.stringify(counting),
  });
  return {
    urls: child.greeting as readonly string[],
    seen: async () => (await child.ask({})) as readonly Seen[],
    [Symbol.asyncDispose]: async () => child[Symbol.asyncDispose](),
  };
}
