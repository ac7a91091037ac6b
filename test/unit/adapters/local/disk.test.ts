import fs from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ifThere, syncDescriptor, syncFile, syncFolder, writeDurably } from "../../../../adapters/local/disk.ts";
import { localStaging } from "../../../../adapters/local/staging.ts";
import { folderForEachTest } from "./support.ts";

type Sync = (file: number, done: (error: Error | null) => void) => void;

/** The error codes of the next syncs, of folders and of files. */
const failing = vi.hoisted(() => ({ codes: [] as string[] }));
vi.mock("node:fs", async (importOriginal) => {
  const { default: real } = await importOriginal<{ default: typeof fs }>();
  const orFail =
    (sync: Sync): Sync =>
    (file, done) => {
      const code = failing.codes.shift();
      if (code === undefined) sync(file, done);
      else done(Object.assign(new Error(code), { code }));
    };
  const mocked = { ...real, fsync: orFail(real.fsync), fdatasync: orFail(real.fdatasync) };
  return { ...mocked, default: mocked };
});

const folder = folderForEachTest();
const platform = process.platform;
afterEach(() => {
  failing.codes = [];
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
