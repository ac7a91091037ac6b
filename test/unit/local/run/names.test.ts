import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { nameOfText, nameOfUrl, numbered } from "../../../../local/run/file-names.ts";
import type { Workspace } from "../../../../local/run/workspace.ts";
import { inodeOf, openWorkspace, storeContent } from "./support.ts";

describe("a file's name", () => {
  it.each([
    ["https://example.org/a/b.pdf?x=1#y", "example.org/a/b.pdf"],
    ["https://example.org", "example.org/index"],
    ["https://example.org/a/", "example.org/a/index"],
    ["https://example.org//a///b", "example.org/a/b"],
    ["https://example.org:8443/a", "example.org_8443/a"],
    ["https://[2001:db8::1]/a", "[2001_db8__1]/a"],
    ["https://example.org/a%2Fb%5Cc%00d", "example.org/a_b_c_d"],
    ["https://example.org/%E4%BD%A0.txt", "example.org/你.txt"],
    ["https://example.org/%E0%A4%A", "example.org/%E0%A4%A"],
    ["https://example.org/aux.txt/NUL/com1", "example.org/_aux.txt/_NUL/_com1"],
    ["https://example.org/end./%20/.hidden", "example.org/end_/_/.hidden"],
  ])("of %s is %s", (url, name) => {
    expect(nameOfUrl(url)).toBe(name);
  });

  it.each([
    ["Report: final.pdf", "Report_ final.pdf"],
    ["2024\\06/100%25 sure.txt", "2024/06/100%25 sure.txt"],
    ["/etc/../passwd", "etc/_/passwd"],
    ["./", "index"],
    ["e\u0301", "é"],
  ])("given as %s is %s", (text, name) => {
    expect(nameOfText(text)).toBe(name);
  });

  it("that is too long is cut to what file systems take, keeps its extension, and differs from its like", () => {
    const [one = "", other = ""] = ["1", "2"].map((end) => nameOfText(`${"é".repeat(300)}${end}.tar`));
    expect(Buffer.byteLength(one)).toBeLessThanOrEqual(200);
    expect(one).toMatch(/^é+-[0-9a-f]{8}\.tar$/);
    expect(one).not.toBe(other);
    const deep = nameOfUrl(`https://example.org/${"folder/".repeat(500)}file.pdf`);
    expect(Buffer.byteLength(deep)).toBeLessThanOrEqual(600);
    expect(deep).toMatch(/^example\.org\/folder\/.*\/[0-9a-f]{8}\/file\.pdf$/);
  });

  it.each([
    ["a.pdf", "a-2.pdf"],
    ["a.tar.gz", "a.tar-2.gz"],
    ["v1.0/a", "v1.0/a-2"],
    [".hidden", ".hidden-2"],
  ])("like %s is numbered as %s", (name, second) => {
    expect([numbered(name, 1), numbered(name, 2)]).toEqual([name, second]);
  });
});

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
