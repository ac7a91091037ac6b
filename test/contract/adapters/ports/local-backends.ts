/** The implementations that a laptop uses: SQLite and files. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localContent } from "../../../../adapters/local/content.ts";
import { LocalDatabase } from "../../../../adapters/local/database.ts";
import { localItems } from "../../../../adapters/local/items.ts";
import { localQueue } from "../../../../adapters/local/queue.ts";
import { createTables } from "../../../../adapters/local/schema.ts";
import { localStaging } from "../../../../adapters/local/staging.ts";
import { present } from "../../../../core/model/present.ts";
import {
  MAX_RECEIVES,
  VISIBILITY_S,
  type BlobsBackend,
  type ItemsBackend,
  type QueueUnderTest,
  type StoredObject,
} from "./backends.ts";

interface Folder extends AsyncDisposable {
  readonly path: string;
}

/** An empty folder that is removed when it is disposed of. */
export async function newFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "fetchonce-ports-"));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true }) };
}

async function openDatabase(): Promise<{ readonly database: LocalDatabase } & AsyncDisposable> {
  const folder = await newFolder();
  const database = new LocalDatabase(join(folder.path, "state.db"), { checkpoints: false });
  createTables(database, folder.path);
  return {
    database,
    async [Symbol.asyncDispose]() {
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export async function sqliteItems(): Promise<ItemsBackend> {
  const opened = await openDatabase();
  return { items: localItems(opened.database), [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose]() };
}

/** A queue whose time passes only when a test waits. */
export async function sqliteQueue(): Promise<QueueUnderTest> {
  const opened = await openDatabase();
  const { database } = opened;
  let nowMs = 1_800_000_000_000;
  const queue = localQueue(database, {
    clock: { nowMs: () => nowMs },
    holder: "worker-1",
    visibilityMs: VISIBILITY_S * 1000,
    mostReceives: MAX_RECEIVES,
  });
  const held = new Map<string, Parameters<typeof queue.delete>[0]>();
  return {
    queue,
    async receive() {
      const received = await queue.receive(10);
      return received.map((message) => {
        const receipt = String(message.id);
        held.set(receipt, message);
        return { body: message.body, receipt, receives: message.receiveCount };
      });
    },
    delete: async (receipt) => queue.delete(present(held.get(receipt), "a message that was received")),
    deadLetters: async () =>
      database.all("SELECT body, reason FROM dead_letters ORDER BY id").map(({ body, reason }) => ({
        body: String(body),
        reason: reason === null ? undefined : String(reason),
      })),
    async wait(seconds) {
      nowMs += seconds * 1000;
    },
    [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose](),
  };
}

export async function filesBackend(): Promise<BlobsBackend> {
  const partBytes = 8;
  const folder = await newFolder();
  let made = 0;
  const readObject = async (path: string): Promise<StoredObject | undefined> =>
    readFile(path).then(
      (body) => ({ body, contentType: undefined }),
      () => undefined,
    );
  return {
    partBytes,
    isS3: false,
    async emptyBuckets() {
      made += 1;
      const stagingFolder = join(folder.path, `staging-${made}`);
      await mkdir(stagingFolder);
      const staging = localStaging(stagingFolder, partBytes);
      const content = localContent(join(folder.path, `content-${made}`), staging.pathOf);
      return {
        staging,
        content,
        readStaged: async (key) => readObject(staging.pathOf(key)),
        readContent: async (key) => readObject(content.pathOf(key)),
        contentUploads: async () => 0,
      };
    },
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}
