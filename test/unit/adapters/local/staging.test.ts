import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MachineTroubleError } from "../../../../adapters/local/machine-trouble.ts";
import { fileDigests } from "../../../../adapters/local/digests.ts";
import { localStaging, type LocalStaging } from "../../../../adapters/local/staging.ts";
import { UploadGoneError } from "../../../../core/model/errors.ts";
import { jobIdOfStagingKey, stagingKey } from "../../../../core/model/keys.ts";
import type { StagedPart, StagedUpload } from "../../../../core/ports/staging.ts";
import { folderForEachTest, thrownBy } from "./support.ts";

const PART_BYTES = 8;
const JOB = "0123456789abcdef0123456789abcdef";
const KEY = stagingKey(JOB, "1");
const TYPE = "text/plain";

const folder = folderForEachTest();
let staging: LocalStaging;
beforeEach(() => {
  staging = localStaging(folder.path, PART_BYTES);
});

const files = (): readonly string[] => fs.readdirSync(folder.path).toSorted();
const fileOf = (name: string): string => fs.readFileSync(join(folder.path, name), "utf8");
const upload = async (parts: readonly string[], by = staging): Promise<[StagedUpload, readonly StagedPart[]]> => {
  const created = await by.createUpload(KEY, TYPE);
  const done: StagedPart[] = [];
  for (const [index, text] of parts.entries()) {
    const etag = await by.uploadPart(created, index + 1, Buffer.from(text));
    done.push({ partNumber: index + 1, bytes: text.length, ...etag });
  }
  return [created, done];
};
async function prefix(key: string, bytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of staging.readPrefix(key, bytes)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe("a body of one piece", () => {
  it("is one file of its job and its attempt", async () => {
    await staging.put(KEY, Buffer.from("body"), TYPE);
    expect(files()).toEqual([`${JOB}.1`]);
    expect(fileOf(`${JOB}.1`)).toBe("body");
    expect(staging.pathOf(KEY)).toBe(join(folder.path, `${JOB}.1`));
  });

  it("is staged whatever slashes its attempt has, as those of the unguarded path do", async () => {
    const key = stagingKey(JOB, "plain-3f2a-1/0b1c");
    const { etag } = await staging.put(key, Buffer.from("body"), TYPE);
    expect(await staging.head(key)).toEqual({ bytes: 4, etag });
    const { found } = await staging.litter(undefined, 10);
    expect(found.map((litter) => litter.key)).toEqual([key]);
    expect(jobIdOfStagingKey(key)).toBe(JOB);
    await staging.delete(key);
    expect(files()).toEqual([]);
  });

  it("never overwrites a file that content is linked to", async () => {
    const first = await staging.put(KEY, Buffer.from("first"), TYPE);
    const content = join(folder.path, "content");
    fs.linkSync(staging.pathOf(KEY), content);
    const again = await staging.put(KEY, Buffer.from("again"), TYPE);
    expect(fs.readFileSync(content, "utf8")).toBe("first");
    expect(fileOf(`${JOB}.1`)).toBe("again");
    expect(again.etag).not.toBe(first.etag);
    expect(files()).toEqual([`${JOB}.1`, "content"]);
  });

  it("keeps its ETag when it is linked and when it is moved", async () => {
    const { etag } = await staging.put(KEY, Buffer.from("body"), TYPE);
    fs.linkSync(staging.pathOf(KEY), join(folder.path, "link"));
    expect((await staging.head(KEY))?.etag).toBe(etag);
    const moved = stagingKey(JOB, "2");
    fs.renameSync(staging.pathOf(KEY), staging.pathOf(moved));
    expect((await staging.head(moved))?.etag).toBe(etag);
  });
});

describe("an upload", () => {
  it("is one file whose parts lie in their order, in whatever order they come", async () => {
    const created = await staging.createUpload(KEY, TYPE);
    await staging.uploadPart(created, 3, Buffer.from("third"));
    await staging.uploadPart(created, 1, Buffer.from("first..."));
    await staging.uploadPart(created, 2, Buffer.from("second.."));
    expect(files()).toEqual([`${JOB}.1.part`]);
    expect(fileOf(`${JOB}.1.part`)).toBe("first...second..third");
  });

  it("takes a part that is larger than what is written at once", async () => {
    const large = localStaging(folder.path, 1024 * 1024);
    const body = Buffer.alloc(1024 * 1024, "0123456789");
    const created = await large.createUpload(KEY, TYPE);
    await large.uploadPart(created, 2, body.subarray(0, 5));
    await large.uploadPart(created, 1, body);
    expect(fs.readFileSync(join(folder.path, `${JOB}.1.part`)).equals(Buffer.concat([body, body.subarray(0, 5)]))).toBe(
      true,
    );
  });

  it("goes on in another process", async () => {
    const [created, [first]] = await upload(["first..."]);
    const other = localStaging(folder.path, PART_BYTES);
    expect(await other.listParts(created)).toEqual([first]);
    const second = { partNumber: 2, bytes: 3, ...(await other.uploadPart(created, 2, Buffer.from("end"))) };
    await other.completeUpload(created, [first as StagedPart, second]);
    expect(fileOf(`${JOB}.1`)).toBe("first...end");
  });

  it("lists a part that was torn by a crash under another ETag than the whole one", async () => {
    const [created, parts] = await upload(["first...", "second.."]);
    fs.truncateSync(join(folder.path, `${JOB}.1.part`), PART_BYTES + 3);
    const listed = await staging.listParts(created);
    expect(listed?.map(({ bytes }) => bytes)).toEqual([8, 3]);
    expect(listed?.[0]).toEqual(parts[0]);
    expect(listed?.[1]?.etag).not.toBe(parts[1]?.etag);
    await expect(staging.completeUpload(created, parts)).rejects.toThrow(UploadGoneError);
  });

  it("of a release with another size of parts is gone, and can be aborted", async () => {
    const [created, parts] = await upload(["first..."]);
    const other = localStaging(folder.path, 2 * PART_BYTES);
    expect(await other.listParts(created)).toBeUndefined();
    await expect(other.uploadPart(created, 2, Buffer.from("x"))).rejects.toThrow(UploadGoneError);
    expect(fileOf(`${JOB}.1.part`)).toBe("first...");
    expect(parts).toHaveLength(1);
    await other.abortUpload(created);
    expect(files()).toEqual([]);
  });

  it("begins with an empty file, whatever an earlier one has left", async () => {
    await upload(["first...", "second.."]);
    const [created] = await upload(["new"]);
    expect(fileOf(`${JOB}.1.part`)).toBe("new");
    expect(await staging.listParts(created)).toHaveLength(1);
  });

  it("that is completed takes the place of a file that content is linked to, and leaves content alone", async () => {
    await staging.put(KEY, Buffer.from("first"), TYPE);
    fs.linkSync(staging.pathOf(KEY), join(folder.path, "content"));
    const [created, parts] = await upload(["upload..", "end"]);
    await staging.completeUpload(created, parts);
    expect(fileOf("content")).toBe("first");
    expect(fileOf(`${JOB}.1`)).toBe("upload..end");
  });

  it("is not completed by what was staged under its key before", async () => {
    await staging.put(KEY, Buffer.from("12345678"), TYPE);
    const created = await staging.createUpload(KEY, TYPE);
    await staging.abortUpload(created);
    const wrong = [{ partNumber: 1, bytes: 8, etag: "wrong" }];
    await expect(staging.completeUpload(created, wrong)).rejects.toThrow(UploadGoneError);
  });
});

describe("the first bytes of what is staged", () => {
  it.each([0, 1, 8, 10])("are read from an upload in progress: %i of them", async (bytes) => {
    await upload(["first...", "second.."]);
    expect(await prefix(KEY, bytes)).toBe("first...second..".slice(0, bytes));
  });

  it("are read from a whole object once the upload is completed", async () => {
    const [created, parts] = await upload(["first...", "end"]);
    await staging.completeUpload(created, parts);
    expect(await prefix(KEY, 11)).toBe("first...end");
  });

  it("restore no hash if there are fewer of them than were hashed", async () => {
    const digests = fileDigests(staging);
    const state = (await digests.create(["sha256"])).save();
    await upload(["first..."]);
    expect(await digests.restore(["sha256"], state, { key: KEY, bytes: 9 })).toBeUndefined();
    expect(await digests.restore(["sha256"], state, { key: KEY, bytes: 8 })).toBeDefined();
  });

  it("cannot be read where a folder stands", async () => {
    fs.mkdirSync(staging.pathOf(KEY));
    await expect(prefix(KEY, 3)).rejects.toThrow("machine_trouble");
  });
});

describe("litter", () => {
  const names = ["a", "b", "c"].map((name) => stagingKey(name, "1"));

  it("is as old as its last write: a download in progress is young, however long it has lasted", async () => {
    const [created] = await upload(["first..."]);
    const path = join(folder.path, `${JOB}.1.part`);
    fs.utimesSync(path, 1000, 1000);
    expect((await staging.litter(undefined, 10)).found).toMatchObject([{ key: KEY, createdMs: 1_000_000 }]);
    await staging.uploadPart(created, 2, Buffer.from("x"));
    const [found] = (await staging.litter(undefined, 10)).found;
    expect(found?.createdMs).toBeGreaterThan(1_000_000);
  });

  it("is listed by name from the cursor on, also when the file that the cursor names is gone", async () => {
    for (const key of names.toReversed()) await staging.put(key, Buffer.from("x"), TYPE);
    const first = await staging.litter(undefined, 1);
    expect(first).toMatchObject({ found: [{ key: names[0] }], next: "a.1" });
    await staging.delete(String(names[0]));
    const second = await staging.litter(first.next, 2);
    expect(second.found.map(({ key }) => key)).toEqual(names.slice(1));
    expect(second).not.toHaveProperty("next");
  });

  it("of another program can be removed, too", async () => {
    fs.writeFileSync(join(folder.path, ".DS_Store"), "");
    const [found] = (await staging.litter(undefined, 10)).found;
    await staging.delete(String(found?.key));
    expect(files()).toEqual([]);
  });
});

describe("without permission", () => {
  const denied = (): never => {
    throw Object.assign(new Error("EACCES"), { code: "EACCES" });
  };
  afterEach(() => vi.restoreAllMocks());

  it("staging is the machine's trouble, said by the file's name", async () => {
    const [created] = await upload(["first..."]);
    const refusal = Object.assign(new Error("EACCES"), { code: "EACCES" });
    vi.spyOn(fs, "open").mockImplementation(((_path: unknown, _flags: unknown, refuse: (error: Error) => void) => {
      refuse(refusal);
    }) as unknown as typeof fs.open);
    vi.spyOn(fs, "writeFileSync").mockImplementation(denied);
    const thrown = await Promise.all([
      thrownBy(async () => staging.put(stagingKey(JOB, "2"), Buffer.from("x"), TYPE)),
      thrownBy(async () => staging.createUpload(stagingKey(JOB, "3"), TYPE)),
      thrownBy(async () => staging.uploadPart(created, 2, Buffer.from("x"))),
    ]);
    const paths = [`${JOB}.2`, `${JOB}.3.part`, `${JOB}.1.part`].map((name) => join(folder.path, name));
    expect(thrown).toMatchObject(paths.map((path) => ({ sentence: `${path}: access is denied.` })));
  });
});

describe("without its folder", () => {
  it("staging is the machine's trouble, and no fault of a job", async () => {
    const missing = localStaging(join(folder.path, "missing"), PART_BYTES);
    const thrown = await Promise.all([
      thrownBy(async () => missing.put(KEY, Buffer.from("x"), TYPE)),
      thrownBy(async () => missing.createUpload(KEY, TYPE)),
      thrownBy(async () => missing.litter(undefined, 10)),
    ]);
    for (const error of thrown) {
      expect(error).toBeInstanceOf(MachineTroubleError);
      expect(error).toMatchObject({ sentence: `${join(folder.path, "missing")}: the folder is gone.` });
    }
  });

  it("an upload is gone", async () => {
    const [created] = await upload(["first..."]);
    fs.rmSync(folder.path, { recursive: true });
    await expect(staging.uploadPart(created, 2, Buffer.from("x"))).rejects.toThrow(UploadGoneError);
    fs.mkdirSync(folder.path);
  });
});
