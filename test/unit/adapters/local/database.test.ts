import fs from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it, vi, onTestFinished } from "vitest";
import { LocalDatabase } from "../../../../adapters/local/database.ts";
import { MachineTroubleError } from "../../../../adapters/local/machine-trouble.ts";
import { createTables, OtherSchemaError } from "../../../../adapters/local/schema.ts";
import { databaseForEachTest, folderForEachTest, thrownBy } from "./support.ts";

const opened = databaseForEachTest();
beforeEach(() => opened.database.exec("CREATE TABLE numbers (n INTEGER)"));

const add = (n: number): number => opened.database.run("INSERT INTO numbers (n) VALUES (?)", n);
const numbers = (): readonly unknown[] => opened.database.all("SELECT n FROM numbers ORDER BY rowid").map(({ n }) => n);
const failing = (error: Error) => (): never => {
  throw error;
};
const settledOf = async (all: readonly Promise<unknown>[]): Promise<readonly unknown[]> =>
  (await Promise.allSettled(all)).map((one) => (one.status === "fulfilled" ? one.value : one.reason));

/** What another connection sees. */
function seenByOthers(): readonly unknown[] {
  const other = new DatabaseSync(opened.path);
  onTestFinished(() => other[Symbol.dispose]());
  return other
    .prepare("SELECT n FROM numbers ORDER BY rowid")
    .all()
    .map(({ n }) => n);
}

/** No page can be added to the database until the function is called that this returns. */
function fillUp(): () => void {
  const { database } = opened;
  database.exec(`PRAGMA max_page_count = ${Number(database.get("PRAGMA page_count")?.["page_count"])}`);
  return () => database.exec("PRAGMA max_page_count = 100000");
}
const LARGE = "x".repeat(100_000);
const addLarge = (): number => opened.database.run("INSERT INTO numbers (n) VALUES (?)", LARGE);

describe("a transaction", () => {
  it("commits all that its work does, and returns what the work returns", () => {
    expect(opened.database.transaction(() => [add(1), add(2)])).toEqual([1, 1]);
    expect(seenByOthers()).toEqual([1, 2]);
  });

  it("keeps other processes from writing between its reads and its writes", () => {
    const other = new DatabaseSync(opened.path);
    onTestFinished(() => other[Symbol.dispose]());
    opened.database.transaction(() => {
      expect(numbers()).toEqual([]);
      expect(() => other.exec("INSERT INTO numbers (n) VALUES (2)")).toThrow("database is locked");
      add(1);
    });
    expect(seenByOthers()).toEqual([1]);
  });

  it("leaves nothing of work that throws, and throws the same error", () => {
    const odd = new Error("odd");
    const work = (): never => {
      add(1);
      throw odd;
    };
    expect(() => opened.database.transaction(work)).toThrow(odd);
    expect(numbers()).toEqual([]);
    opened.database.transaction(() => add(2));
    expect(seenByOthers()).toEqual([2]);
  });

  it("leaves nothing if the machine stops it in the middle, and the next one is whole", async () => {
    const release = fillUp();
    const error = await thrownBy(() => opened.database.transaction(() => [add(1), addLarge()]));
    expect(error).toBeInstanceOf(MachineTroubleError);
    expect(error).toMatchObject({ sentence: `${opened.path}: no space is left on its disk.` });
    expect(numbers()).toEqual([]);
    release();
    opened.database.transaction(() => add(2));
    expect(seenByOthers()).toEqual([2]);
  });

  it("keeps other processes from writing while its work waits, if it is a long one", async () => {
    const other = new DatabaseSync(opened.path);
    onTestFinished(() => other[Symbol.dispose]());
    await opened.database.longTransaction(async () => {
      add(1);
      await Promise.resolve();
      expect(() => other.exec("INSERT INTO numbers (n) VALUES (2)")).toThrow("database is locked");
      expect(seenByOthers()).toEqual([]);
    });
    expect(seenByOthers()).toEqual([1]);
    const odd = new Error("odd");
    const failed = opened.database.longTransaction(async () => {
      add(3);
      await Promise.reject(odd);
    });
    await expect(failed).rejects.toBe(odd);
    expect(numbers()).toEqual([1]);
  });
});

describe("a group of work", () => {
  it("is one commit for all work of one turn of the event loop, in order, and each gets its own answer", async () => {
    const commits = vi.spyOn(opened.database, "transaction");
    const answers = [1, 2, 3].map(async (n) => opened.database.grouped(() => add(n) * n * 10));
    expect(numbers()).toEqual([]);
    expect(await Promise.all(answers)).toEqual([10, 20, 30]);
    expect(seenByOthers()).toEqual([1, 2, 3]);
    expect(commits).toHaveBeenCalledTimes(1);
    await opened.database.grouped(() => add(4));
    expect(commits).toHaveBeenCalledTimes(2);
  });

  it("is committed before anybody is answered", async () => {
    await opened.database.grouped(() => add(1));
    expect(seenByOthers()).toEqual([1]);
  });

  it("commits without the work that throws, of which nothing is left", async () => {
    const [odd, even] = [new Error("odd"), new Error("even")];
    const { database } = opened;
    const answers = await settledOf([
      database.grouped(() => add(1)),
      database.grouped(() => {
        add(2);
        throw odd;
      }),
      database.grouped(() => add(3)),
      database.grouped(failing(even)),
      database.grouped(() => numbers().length),
    ]);
    expect(answers).toEqual([1, odd, 1, even, 2]);
    expect(seenByOthers()).toEqual([1, 3]);
  });

  it("fails as a whole if the machine stops it, leaves nothing, and the next group is whole", async () => {
    const { database } = opened;
    const release = fillUp();
    const answers = await settledOf([database.grouped(() => add(1)), database.grouped(addLarge)]);
    for (const answer of answers) expect(answer).toBeInstanceOf(MachineTroubleError);
    expect(numbers()).toEqual([]);
    release();
    expect(await settledOf([database.grouped(() => add(2)), database.grouped(addLarge)])).toEqual([1, 1]);
    expect(seenByOthers()).toEqual([2, LARGE]);
  });

  it("takes work that is submitted while another group is answered", async () => {
    const { database } = opened;
    await database.grouped(() => add(1)).then(async () => database.grouped(() => add(2)));
    expect(seenByOthers()).toEqual([1, 2]);
  });

  it("fails if the database was closed meanwhile", async () => {
    const other = new LocalDatabase(opened.path, { checkpoints: false });
    const answer = other.grouped(() => 1);
    other.close();
    await expect(answer).rejects.toThrow("database is not open");
  });
});

describe("a database", () => {
  const folder = folderForEachTest();
  const pragma = (database: LocalDatabase, name: string): unknown => database.get(`PRAGMA ${name}`)?.[name];
  const sentenceOf = async (path: string): Promise<unknown> => {
    const error = await thrownBy(() => new LocalDatabase(path, { checkpoints: true }));
    return error instanceof MachineTroubleError ? error.sentence : error;
  };

  it("has a write-ahead log, whose commits do not wait for the disk", () => {
    expect(pragma(opened.database, "journal_mode")).toBe("wal");
    expect(pragma(opened.database, "synchronous")).toBe(1);
  });

  it.each([
    ["leaves copying the log to the process that does", false, 0],
    ["copies the log into itself when it has 64 MiB", true, 16_384],
  ])("%s", (_what, checkpoints, pages) => {
    const database = new LocalDatabase(opened.path, { checkpoints });
    expect(pragma(database, "wal_autocheckpoint")).toBe(pages);
    database.close();
  });

  it("syncs its log through one file, which it closes", async () => {
    const opens = vi.spyOn(fs, "openSync");
    const closes = vi.spyOn(fs, "closeSync");
    const database = new LocalDatabase(opened.path, { checkpoints: false });
    await database.sync();
    await database.sync();
    expect(opens.mock.calls.map(([path]) => path)).toEqual([`${opened.path}-wal`]);
    database.close();
    expect(closes.mock.calls).toEqual(opens.mock.results.map(({ value }) => [value]));
    vi.restoreAllMocks();
  });

  it("reads row by row", () => {
    for (const n of [1, 2, 3]) add(n);
    const rows = opened.database.each("SELECT n FROM numbers WHERE n > ?", 1);
    expect([...rows]).toEqual([{ n: 2 }, { n: 3 }]);
  });

  it("says what is wrong with a file that is not one", async () => {
    const path = join(folder.path, "notes.txt");
    fs.writeFileSync(path, "This is no database.".repeat(1000));
    expect(await sentenceOf(path)).toBe(`${path}: it is damaged.`);
  });

  it("says what is wrong with pages that are damaged", async () => {
    for (let n = 0; n < 2000; n++) add(n);
    opened.database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const file = fs.openSync(opened.path, "r+");
    fs.writeSync(file, Buffer.alloc(fs.fstatSync(file).size - 4096, 7), 0, undefined, 4096);
    fs.closeSync(file);
    const other = new LocalDatabase(opened.path, { checkpoints: false });
    const error = await thrownBy(() => other.all("SELECT n FROM numbers"));
    expect(error).toMatchObject({ sentence: `${opened.path}: it is damaged.` });
    other.close();
  });

  it("says that it cannot be opened where there is no folder for it", async () => {
    const path = join(folder.path, "missing/state.db");
    expect(await sentenceOf(path)).toBe(`${path}: it cannot be opened.`);
  });

  it("says that it may not be written", async () => {
    opened.database.exec("PRAGMA query_only = 1");
    const error = await thrownBy(() => add(1));
    expect(error).toMatchObject({ sentence: `${opened.path}: it may not be written.` });
  });

  it("keeps its tables when they are there already", () => {
    opened.database.run("INSERT INTO facts (name, value) VALUES ('a', 1)");
    createTables(opened.database, folder.path);
    expect(opened.database.all("SELECT name, value FROM facts")).toEqual([{ name: "a", value: 1 }]);
  });

  it("of another release is refused with what to do", () => {
    opened.database.exec("PRAGMA user_version = 77");
    const make = () => createTables(opened.database, "DIR");
    expect(make).toThrow(OtherSchemaError);
    expect(make).toThrow(
      "DIR was written by another release of fetchonce. Use that release, or choose another directory with --out.",
    );
  });
});
