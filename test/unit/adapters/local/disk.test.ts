import fs from "node:fs";
import { join, relative } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  ifThere,
  makeFolder,
  syncDescriptor,
  syncFile,
  syncFolder,
  writeDurably,
} from "../../../../adapters/local/disk.ts";
import { localStaging } from "../../../../adapters/local/staging.ts";
import { folderForEachTest } from "./support.ts";

type Write = (file: number, body: Uint8Array, from: number, length: number, at: number) => number;
type Sync = (file: number, done: (error: Error | null) => void) => void;

/** The error codes of the next syncs, and how many bytes at most are written at once. */
const failing = vi.hoisted(() => ({ codes: [] as string[], mostBytes: Infinity }));
vi.mock("node:fs", async (importOriginal) => {
  const { default: real } = await importOriginal<{ default: typeof fs }>();
  const orFail =
    (sync: Sync): Sync =>
    (file, done) => {
      const code = failing.codes.shift();
      if (code === undefined) sync(file, done);
      else done(Object.assign(new Error(code), { code }));
    };
  const writeSync: Write = (file, body, from, length, at) =>
    real.writeSync(file, body, from, Math.min(length, failing.mostBytes), at);
  const write = Object.assign(() => undefined, {
    [Symbol.for("nodejs.util.promisify.custom")]: async (...args: Parameters<Write>) => ({
      bytesWritten: writeSync(...args),
    }),
  });
  const syncs = { fsync: orFail(real.fsync), fdatasync: orFail(real.fdatasync) };
  const mocked = { ...real, ...syncs, write, writeSync };
  return { ...mocked, default: mocked };
});

const folder = folderForEachTest();
const platform = process.platform;
afterEach(() => {
  failing.codes = [];
  failing.mostBytes = Infinity;
  Object.defineProperty(process, "platform", { value: platform });
});
const open = (): number => fs.readdirSync("/proc/self/fd").length;

describe("waiting for the disk", () => {
  it.each(["EPERM", "EISDIR", "EINVAL", "ENOTSUP", "EBADF"])(
    "succeeds for a folder that cannot be synced (%s)",
    async (code) => {
      failing.codes = [code];
      await syncFolder(folder.path);
      expect(failing.codes).toEqual([]);
    },
  );

  it("says which folder, file or log could not be synced, and leaves no file open", async ({ skip }) => {
    skip(!fs.existsSync("/proc/self/fd"), "This system does not list open files.");
    const path = join(folder.path, "file");
    fs.writeFileSync(path, "");
    const sentence = (of: string) => ({ sentence: `${of}: its disk reports an error.` });
    const before = open();
    failing.codes = ["EIO", "EIO"];
    await expect(syncFolder(folder.path)).rejects.toMatchObject(sentence(folder.path));
    await expect(writeDurably(path, "r+", Buffer.from("x"), 0)).rejects.toMatchObject(sentence(path));
    failing.codes = ["EIO"];
    await expect(syncFile(path)).rejects.toMatchObject({ code: "EIO" });
    const file = fs.openSync(path, "r");
    failing.codes = ["EIO"];
    await expect(syncDescriptor(file, path)).rejects.toMatchObject(sentence(path));
    fs.closeSync(file);
    expect(open()).toBe(before);
  });

  it("does nothing for folders of Windows, which cannot be opened", async () => {
    Object.defineProperty(process, "platform", { value: "win32" });
    await expect(syncFolder(join(folder.path, "missing"))).resolves.toBeUndefined();
    Object.defineProperty(process, "platform", { value: "linux" });
    await expect(syncFolder(join(folder.path, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a write of which the disk takes only a part at a time", () => {
  it.each([10, 300_000])("is whole in the end: %i bytes at a position", async (bytes) => {
    const path = join(folder.path, "file");
    const body = Buffer.from("0123456789".repeat(bytes / 10));
    failing.mostBytes = Math.ceil(bytes / 3);
    await writeDurably(path, "w", body, 5);
    expect(fs.readFileSync(path).equals(Buffer.concat([Buffer.alloc(5), body]))).toBe(true);
  });
});

describe("a folder that is made", () => {
  const syncedBy = async (path: string): Promise<readonly unknown[]> => {
    const opens = vi.spyOn(fs, "openSync");
    await makeFolder(path);
    const paths = opens.mock.calls.map(([opened]) => opened);
    vi.restoreAllMocks();
    return paths;
  };

  it("is on the disk with all folders that were made above it", async () => {
    const at = (path: string) => join(folder.path, path);
    expect(await syncedBy(at("a/b/c"))).toEqual([folder.path, at("a"), at("a/b")]);
    expect(fs.statSync(at("a/b/c")).isDirectory()).toBe(true);
    expect(await syncedBy(at("a/b/d"))).toEqual([at("a/b")]);
  });

  it("is on the disk also if it was there before: who made it may have died", async () => {
    fs.mkdirSync(join(folder.path, "a"));
    expect(await syncedBy(join(folder.path, "a"))).toEqual([folder.path]);
  });

  it.each([
    ["in its place", "a", "a"],
    ["above it", "a/b", "a"],
  ])("is refused by the name of a file that stands %s", async (_where, path, file) => {
    fs.writeFileSync(join(folder.path, "a"), "");
    const sentence = `${join(folder.path, file)}: it must be a folder, and something else is in its place.`;
    await expect(makeFolder(join(folder.path, path))).rejects.toMatchObject({ sentence });
  });

  it("is the machine's trouble where it may not be made", async () => {
    vi.spyOn(fs, "mkdirSync").mockImplementation(() => {
      throw Object.assign(new Error("EROFS"), { code: "EROFS" });
    });
    const sentence = `${join(folder.path, "a")}: its file system is read-only.`;
    await expect(makeFolder(join(folder.path, "a"))).rejects.toMatchObject({ sentence });
    vi.restoreAllMocks();
  });

  it("may lie in one that may not be read", async () => {
    failing.codes = ["EACCES"];
    await makeFolder(join(folder.path, "a"));
    expect(fs.existsSync(join(folder.path, "a"))).toBe(true);
  });

  it("may be named from where the program runs", async () => {
    const before = process.cwd();
    process.chdir(folder.path);
    const synced = await syncedBy("x/y").finally(() => process.chdir(before));
    expect(synced.map((path) => relative(fs.realpathSync(folder.path), String(path)))).toEqual(["", "x"]);
  });
});

describe("what is not there", () => {
  it("is undefined; other troubles are told", () => {
    expect(ifThere(folder.path, () => fs.statSync(join(folder.path, "missing")))).toBeUndefined();
    const denied = Object.assign(new Error("EACCES"), { code: "EACCES" });
    const look = () =>
      ifThere("/folder", () => {
        throw denied;
      });
    expect(look).toThrow(expect.objectContaining({ sentence: "/folder: access is denied." }));
  });
});

describe("a staged file that cannot be read", () => {
  it("is the machine's trouble, and said by name", async ({ skip }) => {
    skip(!fs.existsSync("/proc/self/mem"), "This system has no file whose first bytes cannot be read.");
    const staging = localStaging(folder.path, 8);
    fs.symlinkSync("/proc/self/mem", staging.pathOf("staging/job/1"));
    const read = async (): Promise<void> => {
      for await (const piece of staging.readPrefix("staging/job/1", 8)) expect(piece).toBeUndefined();
    };
    const sentence = `${staging.pathOf("staging/job/1")}: its disk reports an error.`;
    await expect(read()).rejects.toMatchObject({ sentence });
  });
});
