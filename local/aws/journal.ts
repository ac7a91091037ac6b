import { open, readFile } from "node:fs/promises";

/** Messages accepted and not known to be finished: queues live in memory, this file outlasts them. */
export interface Journal {
  /** What an earlier run left behind. */
  readonly pending: readonly string[];
  /** Settles when the bodies are on disk. Bodies it holds already are not written again. */
  append(bodies: readonly string[]): Promise<void>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openJournal(path: string): Promise<Journal> {
  const file = await open(path, "a");
  const text = await readFile(path, "utf8");
  // A line that a crash tore was never sent, so it was never accepted.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  await file.truncate(Buffer.byteLength(whole));
  const pending = whole.split("\n").filter((line) => line !== "");
  const held = new Set(pending);
  return {
    pending,
    append: async (bodies) => {
      const fresh = bodies.filter((body) => !held.has(body));
      if (fresh.length === 0) return;
      await file.appendFile(fresh.map((body) => `${body}\n`).join(""));
      await file.datasync();
      for (const body of fresh) held.add(body);
    },
    clear: async () => {
      await file.truncate(0);
      held.clear();
    },
    close: async () => file.close(),
  };
}
