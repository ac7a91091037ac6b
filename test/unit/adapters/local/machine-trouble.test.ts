import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { writeDurably } from "../../../../adapters/local/disk.ts";
import { MachineTroubleError, translateTrouble } from "../../../../adapters/local/machine-trouble.ts";
import { asJobError, PermanentError, RunEndsError } from "../../../../core/model/errors.ts";
import { ChildProgram, moduleOf } from "../../../child-program.ts";
import { folderForEachTest, thrownBy } from "./support.ts";

const CODES = {
  ENOSPC: "no space is left on its disk",
  EDQUOT: "your quota of disk space is used up",
  EROFS: "its file system is read-only",
  EACCES: "access is denied",
  EPERM: "access is denied",
  EIO: "its disk reports an error",
  ENXIO: "its disk is gone",
  ENODEV: "its disk is gone",
  ESTALE: "its disk is gone",
  ENOTCONN: "its disk is gone",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open on this machine",
};
const SQLITE_CODES: readonly (readonly [number, string])[] = [
  [5, "another program has locked it"],
  [8, "it may not be written"],
  [10, "its disk reports an error"],
  [11, "it is damaged"],
  [13, "no space is left on its disk"],
  [14, "it cannot be opened"],
  [15, "its file system does not lock files"],
  [26, "it is damaged"],
];
const withCode = (code: string): Error => Object.assign(new Error(code), { code });
const fromSqlite = (errcode: number): Error => Object.assign(withCode("ERR_SQLITE_ERROR"), { errcode });

describe("an error of the machine", () => {
  it.each(Object.entries(CODES))("of the code %s says: %s", (code, trouble) => {
    const cause = withCode(code);
    const error = translateTrouble(cause, "/disk/file");
    expect(error).toBeInstanceOf(MachineTroubleError);
    expect(error).toMatchObject({ sentence: `/disk/file: ${trouble}.`, cause, name: "MachineTroubleError" });
  });

  it.each(SQLITE_CODES)("of SQLite's code %i says: %s", (code, trouble) => {
    const sentence = `/disk/state.db: ${trouble}.`;
    expect(translateTrouble(fromSqlite(code), "/disk/state.db")).toMatchObject({ sentence });
    const extended = code | (3 << 8);
    expect(translateTrouble(fromSqlite(extended), "/disk/state.db")).toMatchObject({ sentence });
  });

  it("ends the run, also as the cause of another error", () => {
    const error = translateTrouble(withCode("ENOSPC"), "/disk/file");
    expect(asJobError(new Error("odd", { cause: error }))).toBe(error);
    expect(error).toBeInstanceOf(RunEndsError);
  });

  it("stops its own job only if the file is too large for the file system", () => {
    const error = translateTrouble(withCode("EFBIG"), "/disk/file");
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ reason: "too_large_for_file_system", failureClass: "system" });
  });

  it.each([withCode("ENOENT"), withCode("EEXIST"), fromSqlite(19), new Error("odd"), "text", undefined])(
    "is not made of %s",
    (error) => {
      expect(translateTrouble(error, "/disk/file")).toBe(error);
    },
  );
});

/** Prints what each operation throws: a sentence, or the reason of another error of ours. */
const OPERATIONS = `
  import fs from "node:fs";
  import { join } from "node:path";
  import { localContent } from ${moduleOf("adapters/local/content.ts")};
  import { LocalDatabase } from ${moduleOf("adapters/local/database.ts")};
  import { localItems } from ${moduleOf("adapters/local/items.ts")};
  import { createTables } from ${moduleOf("adapters/local/schema.ts")};
  import { localStaging } from ${moduleOf("adapters/local/staging.ts")};
  const folder = process.argv.at(-1);
  const PART = 256 * 1024;
  const MOST_ITEMS = 100;
  const signal = new AbortController().signal;

  const staging = localStaging(join(folder, "staging"), PART);
  const content = localContent(join(folder, "content"), staging.pathOf);
  const small = Buffer.from("small");
  const part = Buffer.alloc(2 * PART, "p");
  async function prepare() {
    fs.mkdirSync(join(folder, "staging"));
    const database = new LocalDatabase(join(folder, "state.db"), { checkpoints: false });
    createTables(database, folder);
    const staged = { key: "staging/a/1", bytes: small.length, contentType: "", ...(await staging.put("staging/a/1", small)) };
    return { database, staged, upload: await staging.createUpload("staging/b/1", "") };
  }
  async function writeMany({ database }) {
    const items = localItems(database);
    const always = [[{ attribute: "never", is: "absent" }]];
    for (let n = 0; n < MOST_ITEMS; n++) await items.write({ key: "ITEM#" + n, when: always, set: { text: "x".repeat(4000) } });
  }
  const told = async (work) => {
    try {
      await work();
      return "done";
    } catch (error) {
      return error.sentence ?? error.reason ?? error.message;
    }
  };
  const allTold = async (prepared) => {
    const { staged, upload } = prepared;
    return {
      put: await told(() => staging.put("staging/c/1", part)),
      createUpload: await told(() => staging.createUpload("staging/d/1", "")),
      uploadPart: await told(() => staging.uploadPart(upload, 1, part)),
      publish: await told(() => content.publish(staged, "sha256/aa/bb/aabb", signal)),
      delete: await told(() => staging.delete("staging/c/1")),
      write: await told(() => writeMany(prepared)),
    };
  };`;

const ON_A_FULL_DISK = `${OPERATIONS}
  const prepared = await prepare();
  const filler = fs.openSync(join(folder, "filler"), "w");
  try {
    for (;;) fs.writeSync(filler, Buffer.alloc(4096));
  } catch {}
  const full = await allTold(prepared);
  fs.closeSync(filler);
  fs.rmSync(join(folder, "filler"));
  console.log(JSON.stringify({ full, later: await allTold(prepared) }));`;

const ON_A_READ_ONLY_DISK = `${OPERATIONS}
  import { execFileSync } from "node:child_process";
  const { database, ...prepared } = await prepare();
  database.close();
  execFileSync("mount", ["-o", "remount,ro", folder]);
  const opened = await told(() => new LocalDatabase(join(folder, "state.db"), { checkpoints: false }));
  const { write, ...files } = await allTold(prepared);
  console.log(JSON.stringify({ opened, ...files }));`;

const WITHOUT_PERMISSION = `${OPERATIONS}
  const prepared = await prepare();
  for (const each of ["staging", "."]) fs.chmodSync(join(folder, each), 0o555);
  if (process.geteuid() === 0) process.seteuid(65534);
  const { write, ...files } = await allTold(prepared);
  console.log(JSON.stringify(files));`;

const WITHOUT_DESCRIPTORS = `${OPERATIONS}
  const prepared = await prepare();
  const held = [];
  try {
    for (;;) held.push(fs.openSync("/dev/null", "r"));
  } catch {}
  const { put, uploadPart, publish } = await allTold(prepared);
  for (const each of held) fs.closeSync(each);
  console.log(JSON.stringify({ put, uploadPart, publish, later: await told(() => staging.put("staging/e/1", part)) }));`;

const WITH_SMALL_FILES_ONLY = `${OPERATIONS}
  fs.mkdirSync(join(folder, "staging"));
  const upload = await staging.createUpload("staging/b/1", "");
  console.log(JSON.stringify({
    put: await told(() => staging.put("staging/c/1", part)),
    uploadPart: await told(() => staging.uploadPart(upload, 1, part)),
    small: await told(() => staging.put("staging/d/1", small)),
  }));`;

/** As root, or in a user namespace, whichever this machine allows. */
const namespace = ["-m", "-rm"].find(
  (flags) => spawnSync("unshare", [flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0,
);
const NO_MOUNTS = "This machine does not let the test mount a small file system: run it as root.";
const onTmpfs = (folder: string): readonly string[] => [
  "unshare",
  String(namespace),
  "sh",
  "-c",
  `mount -t tmpfs -o size=8m,mode=755 tmpfs "$0" && exec "$@"`,
  folder,
];
const limitedTo = (limit: string): readonly string[] => ["sh", "-c", `ulimit ${limit} && exec "$0" "$@"`];

async function printedBy(program: string, folder: string, through: readonly string[]): Promise<unknown> {
  const child = new ChildProgram(program, [folder], through);
  onTestFinished(async () => child[Symbol.asyncDispose]());
  return JSON.parse(await child.line());
}

describe("on a real machine", { timeout: 60_000 }, () => {
  const folder = folderForEachTest();
  const at = (path: string): string => join(folder.path, path);
  const DONE = {
    put: "done",
    createUpload: "done",
    uploadPart: "done",
    publish: "done",
    delete: "done",
    write: "done",
  };

  it("a device that is full is said by name", async ({ skip }) => {
    skip(!existsSync("/dev/full"), "This system has no /dev/full.");
    const error = await thrownBy(async () => writeDurably("/dev/full", "r+", Buffer.from("text"), 0));
    expect(error).toMatchObject({ sentence: "/dev/full: no space is left on its disk." });
    const large = await thrownBy(async () => writeDurably("/dev/full", "r+", Buffer.alloc(1024 * 1024), 0));
    expect(large).toMatchObject({ sentence: "/dev/full: no space is left on its disk." });
  });

  it("a disk that is full is said by name, and everything goes on when there is space again", async ({ skip }) => {
    skip(namespace === undefined, NO_MOUNTS);
    expect(await printedBy(ON_A_FULL_DISK, folder.path, onTmpfs(folder.path))).toEqual({
      full: {
        put: `${at("staging/c.1")}: no space is left on its disk.`,
        createUpload: "done",
        uploadPart: `${at("staging/b.1.part")}: no space is left on its disk.`,
        publish: "done",
        delete: "done",
        write: `${at("state.db")}: no space is left on its disk.`,
      },
      later: DONE,
    });
  });

  it("a file system that is read-only is said by name", async ({ skip }) => {
    skip(namespace === undefined, NO_MOUNTS);
    const readOnly = "its file system is read-only.";
    expect(await printedBy(ON_A_READ_ONLY_DISK, folder.path, onTmpfs(folder.path))).toEqual({
      opened: `${at("state.db")}: it cannot be opened.`,
      put: `${at("staging/c.1")}: ${readOnly}`,
      createUpload: `${at("staging/d.1.part")}: ${readOnly}`,
      uploadPart: `${at("staging/b.1.part")}: ${readOnly}`,
      publish: `${at("content")}: ${readOnly}`,
      delete: `${at("staging/c.1")}: ${readOnly}`,
    });
  });

  it("a folder without permission is said by name", async () => {
    chmodSync(folder.path, 0o755);
    mkdirSync(at("inner"));
    const denied = "access is denied.";
    expect(await printedBy(WITHOUT_PERMISSION, at("inner"), [])).toMatchObject({
      put: `${at("inner/staging/c.1")}: ${denied}`,
      createUpload: `${at("inner/staging/d.1.part")}: ${denied}`,
      publish: `${at("inner/content")}: ${denied}`,
    });
  });

  it("too many open files are said by name, and everything goes on when there are fewer", async () => {
    const many = "too many files are open.";
    expect(await printedBy(WITHOUT_DESCRIPTORS, folder.path, limitedTo("-n 64"))).toEqual({
      put: `${at("staging/c.1")}: ${many}`,
      uploadPart: `${at("staging/b.1.part")}: ${many}`,
      publish: `${at("content/sha256/aa/bb")}: ${many}`,
      later: "done",
    });
  });

  it("a file that is too large for the file system stops its own job only", async () => {
    expect(await printedBy(WITH_SMALL_FILES_ONLY, folder.path, limitedTo("-f 100"))).toEqual({
      put: "too_large_for_file_system",
      uploadPart: "too_large_for_file_system",
      small: "done",
    });
  });
});
