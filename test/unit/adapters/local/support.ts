import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { LocalDatabase } from "../../../../adapters/local/database.ts";
import { createTables } from "../../../../adapters/local/schema.ts";

/** An empty folder for each test of a file. `path` is that of the test that runs. */
export function folderForEachTest(): { readonly path: string } {
  const folder = { path: "" };
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), "fetchonce-local-"));
  });
  afterEach(() => rmSync(folder.path, { recursive: true }));
  return folder;
}

/** A database for each test of a file, with the tables of a run. */
export function databaseForEachTest(): { readonly path: string; readonly database: LocalDatabase } {
  const folder = folderForEachTest();
  let opened: LocalDatabase | undefined;
  const pathOf = () => join(folder.path, "state.db");
  beforeEach(() => {
    opened = new LocalDatabase(pathOf(), { checkpoints: false });
    createTables(opened, folder.path);
  });
  afterEach(() => opened?.close());
  return {
    get path() {
      return pathOf();
    },
    get database() {
      if (!opened) throw new Error("The database is opened before each test.");
      return opened;
    },
  };
}

export async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}
