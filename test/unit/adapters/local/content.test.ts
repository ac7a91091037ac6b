import fs from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type * as disk from "../../../../adapters/local/disk.ts";
import { localContent, type LocalContent } from "../../../../adapters/local/content.ts";
import { localStaging, type LocalStaging } from "../../../../adapters/local/staging.ts";
import { StagedObjectGoneError } from "../../../../core/model/errors.ts";
import { contentKey } from "../../../../core/model/keys.ts";
import type { StagedObject } from "../../../../core/ports/content.ts";
import { folderForEachTest } from "./support.ts";

/** The folders and the files that were synced, each in order. */
const { synced, syncedFiles } = vi.hoisted(() => ({ synced: [] as string[], syncedFiles: [] as string[] }));
vi.mock("../../../../adapters/local/disk.ts", async (importOriginal) => {
  const real = await importOriginal<typeof disk>();
  return {
    ...real,
    syncFolder: async (path: string) => {
      await real.syncFolder(path);
      synced.push(path);
    },
    syncFile: async (path: string) => {
      await real.syncFile(path);
      syncedFiles.push(path);
    },
  };
});

const SHA256 = `abcd${"0".repeat(60)}`;
const KEY = contentKey(SHA256);
const folder = folderForEachTest();
const { signal } = new AbortController();

let staging: LocalStaging;
let content: LocalContent;
let path = "";
let made = 0;

/** Content in another process: it knows nothing of the folders. */
const another = (): LocalContent => localContent(join(folder.path, "content"), (key) => staging.pathOf(key));

beforeEach(() => {
  fs.mkdirSync(join(folder.path, "staging"));
  staging = localStaging(join(folder.path, "staging"), 8);
  content = another();
  path = join(folder.path, "content/sha256/ab/cd", SHA256);
  synced.length = 0;
});
afterEach(() => vi.restoreAllMocks());

async function stage(text: string): Promise<StagedObject> {
  made += 1;
  const key = `staging/job/${made}`;
  return { key, bytes: text.length, contentType: "", ...(await staging.put(key, Buffer.from(text), "")) };
}

/** All folders from that of a file up to the one that holds the content folder. */
function foldersOf(file: string): readonly string[] {
  const above: string[] = [];
  for (let at = dirname(file); at.startsWith(folder.path); at = dirname(at)) above.push(at);
  return above;
}

/** Makes hard links impossible, as other disks and exFAT do. */
function withoutLinks(code: string): void {
  vi.spyOn(fs, "linkSync").mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
}

const text = (): string => fs.readFileSync(path, "utf8");
const beside = (): readonly string[] => fs.readdirSync(dirname(path));

describe("content that is published", () => {
  it("is the staged file under a second name: no byte is copied", async () => {
    const staged = await stage("body");
    expect(await content.publish(staged, KEY, signal)).toBe("created");
    expect(content.pathOf(KEY)).toBe(path);
    expect(fs.statSync(path).ino).toBe(fs.statSync(staging.pathOf(staged.key)).ino);
    await staging.delete(staged.key);
    expect(text()).toBe("body");
  });

  it("is on the disk with all folders above it before anybody hears of it", async () => {
    await content.publish(await stage("body"), KEY, signal);
    expect(synced.toSorted()).toEqual(foldersOf(path).toSorted());
  });

  it("syncs only its own folder when the process has synced those above before", async () => {
    await content.publish(await stage("body"), KEY, signal);
    synced.length = 0;
    await content.publish(await stage("other"), contentKey(`abcd${"1".repeat(60)}`), signal);
    expect(synced).toEqual([dirname(path)]);
    synced.length = 0;
    await content.publish(await stage("third"), contentKey(`abee${"1".repeat(60)}`), signal);
    expect(synced.toSorted()).toEqual([
      join(folder.path, "content/sha256/ab"),
      join(folder.path, "content/sha256/ab/ee"),
    ]);
  });

  it("syncs folders that another process made, which may have died before it synced them", async () => {
    fs.mkdirSync(dirname(path), { recursive: true });
    await content.publish(await stage("body"), KEY, signal);
    expect(synced.toSorted()).toEqual(foldersOf(path).toSorted());
  });

  it("syncs what another process published, too: it may have died before it did", async () => {
    const staged = await stage("body");
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.linkSync(staging.pathOf(staged.key), path);
    expect(await content.publish(staged, KEY, signal)).toBe("exists");
    expect(synced.toSorted()).toEqual(foldersOf(path).toSorted());
    synced.length = 0;
    expect(await another().head(KEY)).toEqual({ bytes: 4 });
    expect(synced.toSorted()).toEqual(foldersOf(path).toSorted());
  });

  it("syncs the folders again if the first time failed", async () => {
    const staged = await stage("body");
    vi.spyOn(fs, "openSync").mockImplementationOnce(() => {
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    });
    await expect(content.publish(staged, KEY, signal)).rejects.toMatchObject({ reason: "machine_trouble" });
    synced.length = 0;
    expect(await content.publish(staged, KEY, signal)).toBe("exists");
    expect(new Set(synced)).toEqual(new Set(foldersOf(path)));
  });

  it("has no head, and nothing is synced, where nothing is", async () => {
    expect(await content.head(KEY)).toBeUndefined();
    expect(synced).toEqual([]);
  });
});

describe("content that exists", () => {
  it("is left alone if it has the right size", async () => {
    await content.publish(await stage("body"), KEY, signal);
    const { ino } = fs.statSync(path);
    expect(await content.publish(await stage("same"), KEY, signal)).toBe("exists");
    expect(fs.statSync(path).ino).toBe(ino);
    expect(text()).toBe("body");
  });

  it.each(["", "torn", "longer than it was"])("is replaced by the whole file if it is damaged: %j", async (damaged) => {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, damaged);
    expect(await content.publish(await stage("whole body"), KEY, signal)).toBe("created");
    expect(text()).toBe("whole body");
    expect(beside()).toEqual([SHA256]);
  });

  it("is never missing while a damaged file is replaced", async () => {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, "torn");
    const removed = vi.spyOn(fs, "rmSync");
    await content.publish(await stage("whole body"), KEY, signal);
    expect(removed.mock.calls.map(([file]) => file)).not.toContain(path);
  });

  it("stays as it is if it is damaged and what was staged is gone", async () => {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, "torn");
    const staged = await stage("whole body");
    await staging.delete(staged.key);
    await expect(content.publish(staged, KEY, signal)).rejects.toThrow(StagedObjectGoneError);
    expect(text()).toBe("torn");
  });

  it("is found by the one that comes second, although it was not there when that one looked", async () => {
    const staged = await stage("body");
    const link = fs.linkSync;
    vi.spyOn(fs, "linkSync").mockImplementationOnce((from, to) => {
      link(from, to);
      link(from, to);
    });
    expect(await content.publish(staged, KEY, signal)).toBe("exists");
    expect(text()).toBe("body");
  });
});

describe("where files cannot be linked", () => {
  it.each(["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])(
    "content is a copy, and no draft is left (%s)",
    async (code) => {
      withoutLinks(code);
      const staged = await stage("body");
      expect(await content.publish(staged, KEY, signal)).toBe("created");
      expect(await content.publish(staged, KEY, signal)).toBe("exists");
      expect(text()).toBe("body");
      expect(fs.statSync(path).ino).not.toBe(fs.statSync(staging.pathOf(staged.key)).ino);
      expect(beside()).toEqual([SHA256]);
    },
  );

  it("a damaged file is replaced by a copy", async () => {
    withoutLinks("EXDEV");
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, "torn");
    expect(await content.publish(await stage("whole body"), KEY, signal)).toBe("created");
    expect(text()).toBe("whole body");
    expect(beside()).toEqual([SHA256]);
  });

  it("nobody sees a copy before the disk has all of it", async () => {
    withoutLinks("EXDEV");
    const rename = fs.renameSync;
    const renames = vi.spyOn(fs, "renameSync").mockImplementation((from, to) => {
      expect([from, fs.existsSync(path)]).toEqual([syncedFiles.at(-1), false]);
      rename(from, to);
    });
    await content.publish(await stage("body"), KEY, signal);
    expect(renames).toHaveBeenCalledTimes(1);
  });

  it("a copy that fails leaves no draft, and content stays as it was", async () => {
    withoutLinks("EXDEV");
    vi.spyOn(fs, "renameSync").mockImplementation(() => {
      throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    });
    const publishing = content.publish(await stage("body"), KEY, signal);
    await expect(publishing).rejects.toMatchObject({ sentence: `${path}: no space is left on its disk.` });
    expect(fs.readdirSync(join(folder.path, "content"), { recursive: true })).toEqual([
      "sha256",
      "sha256/ab",
      "sha256/ab/cd",
    ]);
  });

  it("content on another disk is a copy", async ({ skip }) => {
    const shared = "/dev/shm";
    const isOther = fs.existsSync(shared) && fs.statSync(shared).dev !== fs.statSync(folder.path).dev;
    skip(!isOther, "This machine has no second file system at /dev/shm.");
    const elsewhere = fs.mkdtempSync(join(shared, "fetchonce-content-"));
    try {
      const far = localContent(join(elsewhere, "content"), (key) => staging.pathOf(key));
      const staged = await stage("body");
      expect(await far.publish(staged, KEY, signal)).toBe("created");
      expect(fs.readFileSync(far.pathOf(KEY), "utf8")).toBe("body");
      expect(await far.publish(staged, KEY, signal)).toBe("exists");
    } finally {
      fs.rmSync(elsewhere, { recursive: true });
    }
  });
});

describe("when somebody interferes", () => {
  it("a staged file that was cut since is not published", async () => {
    const staged = await stage("body");
    fs.truncateSync(staging.pathOf(staged.key), 2);
    await expect(content.publish(staged, KEY, signal)).rejects.toThrow(StagedObjectGoneError);
    expect(fs.existsSync(path)).toBe(false);
  });

  it("a folder that was removed is made again by the next attempt", async () => {
    await content.publish(await stage("body"), KEY, signal);
    fs.rmSync(join(folder.path, "content"), { recursive: true });
    const staged = await stage("body");
    await expect(content.publish(staged, KEY, signal)).rejects.toThrow(StagedObjectGoneError);
    expect(await content.publish(staged, KEY, signal)).toBe("created");
    expect(text()).toBe("body");
  });

  it("a file in the place of a folder is an error that says so", async () => {
    fs.writeFileSync(join(folder.path, "content"), "");
    await expect(content.publish(await stage("body"), KEY, signal)).rejects.toThrow("machine_trouble");
  });
});

describe("halves of copies that dead processes left", () => {
  const draft = (): string => join(folder.path, "content", `${"0".repeat(8)}-0000-4000-8000-${"0".repeat(12)}.tmp`);

  it("lie where removing them finds them, and nothing else is removed", async () => {
    withoutLinks("EXDEV");
    const copying = vi.spyOn(fs.promises, "copyFile");
    await content.publish(await stage("body"), KEY, signal);
    expect(dirname(String(copying.mock.calls[0]?.[1]))).toBe(dirname(draft()));
    fs.writeFileSync(draft(), "half");
    fs.writeFileSync(join(folder.path, "content/notes.tmp"), "the user's own");
    content.removeDrafts();
    expect(fs.readdirSync(join(folder.path, "content")).sort()).toEqual(["notes.tmp", "sha256"]);
    expect(text()).toBe("body");
  });
});
