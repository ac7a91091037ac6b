import { open, readFile } from "node:fs/promises";

/** Messages that were accepted and may be unfinished. The queues live in memory; this file outlives the process. */
export interface Journal {
  /** Bodies that an earlier run accepted and did not finish. */
  readonly pending: readonly string[];
  /** Settles once the bodies are on disk. Bodies that are already in the journal are not written again. */
  append(bodies: readonly string[]): Promise<void>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openJournal(path: string): Promise<Journal> {
  const file = await open(path, "a");
  const text = await readFile(path, "utf8");
  // An incomplete last line means a crash during the write: its message was never accepted, nor sent.
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
