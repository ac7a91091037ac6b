import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Workspace } from "../../../../local/run/workspace.ts";
import { inodeOf, openWorkspace, storeContent } from "./support.ts";

describe("names below files/", () => {
  let workspace: Workspace;
  let one: string;
  beforeEach(async () => {
    workspace = await openWorkspace();
    one = storeContent(workspace, "one");
  });
  const pathOf = (name: string): string => join(workspace.folders.files, name);
  const give = (jobId: string, wanted: string, content = one): string => workspace.names.give(jobId, wanted, content);

  it("are links to the content, numbered where another job has the name, also in other letters", () => {
    expect(["j1", "j2", "j3", "j2"].map((jobId) => give(jobId, jobId === "j3" ? "D/A.txt" : "D/a.TXT"))).toEqual([
      "D/a.TXT",
      "D/a-2.TXT",
      "D/A-3.txt",
      "D/a-2.TXT",
    ]);
    expect(inodeOf(pathOf("D/a-2.TXT"))).toBe(inodeOf(one));
  });

  it("follow the job's new content", () => {
    give("j1", "a");
    expect(give("j1", "a", storeContent(workspace, "two"))).toBe("a");
    expect(readFileSync(pathOf("a"), "utf8")).toBe("two");
    expect(readdirSync(workspace.folders.files)).toEqual(["a"]);
  });

  it("leave the user's own files, and folders, as they are", () => {
    mkdirSync(pathOf("folder"), { recursive: true });
    writeFileSync(pathOf("file"), "mine");
    expect(give("j1", "file")).toBe("file-2");
    expect(give("j2", "folder")).toBe("folder-2");
    expect(give("j3", "file/x/y")).toBe("file-3/x/y");
    expect(give("j4", "file/z")).toBe("file-3/z");
    expect(readFileSync(pathOf("file"), "utf8")).toBe("mine");
  });

  it("are taken as they are if a crash came between the link and its record", () => {
    give("j1", "a");
    workspace.database.run("DELETE FROM names");
    expect(give("j1", "a")).toBe("a");
  });

  it("are made again when they, or their folders, are gone", () => {
    give("j1", "a/b");
    rmSync(pathOf("a"), { recursive: true });
    expect(workspace.names.isThere("a/b", statSync(one))).toBe(false);
    expect(give("j1", "a/b")).toBe("a/b");
    expect(workspace.names.isThere("a/b", statSync(one))).toBe(true);
  });

  it("that a thousand jobs want are numbered without looking at all numbers each time", () => {
    let looks = 0;
    const { database } = workspace;
    const get = database.get.bind(database);
    database.get = (...asked) => {
      looks += 1;
      return get(...asked);
    };
    const names = Array.from({ length: 1000 }, (_, n) => give(`j${n}`, "download"));
    expect(names.at(-1)).toBe("download-1000");
    expect(looks).toBeLessThan(4000);
  });

  it("cannot be made where a file stands in the place of the folder, which is said", () => {
    mkdirSync(dirname(workspace.folders.files), { recursive: true });
    writeFileSync(workspace.folders.files, "");
    expect(() => give("j1", "a/b")).toThrow(
      expect.objectContaining({
        sentence: `${workspace.folders.files}: it must be a folder, and something else is in its place.`,
      }),
    );
  });
});
