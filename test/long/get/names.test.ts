import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { originPath, type OriginFile } from "../../../local/origin/file.ts";
import { Bench } from "../../e2e/get/support.ts";

const sized = (name: string, size = 1): OriginFile => ({ name, size });

describe("names below files/", () => {
  it("are host/path/name.ext, lead to the content, and stay the same in a second run", async () => {
    const bench = await Bench.start();
    const files = [sized("a.txt", 5), sized("b c.pdf", 6)];
    await bench.got(bench.urls(...files));
    expect(bench.names()).toEqual(["file/a.txt", "file/b c.pdf"]);
    const path = String(bench.results().find(({ bytes }) => bytes === 5)?.["path"]);
    expect(path).toMatch(/^127\.0\.0\.1_\d+\/file\/a\.txt$/);
    const [name] = files.map((file) => bench.contentPath(file));
    expect(statSync(join(bench.out, "files", path)).ino).toBe(statSync(String(name)).ino);

    rmSync(join(bench.out, "files", path));
    await bench.got([...bench.urls(...files), "--refresh"]);
    await bench.got(bench.urls(...files));
    expect(bench.names()).toEqual(["file/a.txt", "file/b c.pdf"]);
  });

  it("are told apart and safe on every file system, whatever the URLs have", async () => {
    const bench = await Bench.start();
    const wanted: readonly (readonly [string, string])[] = [
      ["a.pdf", "a.pdf"],
      ["a.pdf", "a-2.pdf"],
      ["b.txt", "b.txt"],
      ["B.TXT", "B-2.TXT"],
      ["caf\u00e9", "caf\u00e9"],
      ["cafe\u0301", "caf\u00e9-2"],
      ["con", "_con"],
      ["NUL.txt", "_NUL.txt"],
      ['a<b>:"|?*.txt', "a_b______.txt"],
      ["dot.", "dot_"],
      [" ", "_"],
      ["a/b", "a_b"],
      ["../..", "..__"],
    ];
    const urls = bench.urls(...wanted.map(([name], index) => sized(name, index)));
    const { code } = await bench.got([...urls, "-j", "1"]);
    const names = new Map(bench.results().map(({ url, path }) => [url, String(path).split("/").slice(2).join("/")]));
    expect(urls.map((url) => names.get(url))).toEqual(wanted.map(([, name]) => name));
    expect(bench.names()).toEqual(wanted.map(([, name]) => `file/${name}`).toSorted());
    expect(code).toBe(0);
  });

  /** `/file/<name>` may have slashes of its own. */
  const below = (bench: Bench, path: string): string => bench.origin.url + originPath(sized("x")).replace("x", path);

  it.each([
    ["after", ["a", "a/b", "a/b/c"]],
    ["before", ["a/b/c", "a/b", "a"]],
  ])("that are both a file and a folder are told apart, with the file %s", async (_name, paths) => {
    const bench = await Bench.start();
    await bench.got([...paths.map((path) => below(bench, path)), "-j", "1"]);
    expect(bench.names()).toHaveLength(3);
    const { code } = await bench.got(paths.map((path) => below(bench, path)));
    expect(bench.results().map(({ state }) => state)).not.toContain("FAILED");
    expect(new Set(bench.results().map(({ path }) => path)).size).toBe(3);
    expect(bench.names()).toHaveLength(3);
    expect(code).toBe(0);
  });

  it("of a URL that is as long as a URL may be are cut, and the file is there", async () => {
    const bench = await Bench.start();
    const deep = below(bench, "deep/".repeat(800));
    const long = bench.origin.urlOf(sized(`${"long".repeat(900)}.pdf`));
    const { code } = await bench.got([deep, long]);
    for (const { path } of bench.results()) expect(existsSync(join(bench.out, "files", String(path)))).toBe(true);
    expect(bench.names().some((name) => name.endsWith(".pdf"))).toBe(true);
    expect(code).toBe(0);
  });

  it("come from a column where one is named, and from the URL where it is empty", async () => {
    const bench = await Bench.start();
    const rows = ["title", "2024/Report: final.pdf", "", "../../etc/passwd"];
    const lines = rows.map(
      (title, index) => `${index === 0 ? "url" : bench.origin.urlOf(sized(`n${index}`))},${title}`,
    );
    const { code } = await bench.got([await bench.list("list.csv", lines), "--names", "column:title"]);
    expect(
      bench
        .results()
        .map(({ path }) => String(path).replace(/^127[^/]*/, "HOST"))
        .toSorted(),
    ).toEqual(["2024/Report_ final.pdf", "HOST/file/n2", "_/_/etc/passwd"]);
    expect(code).toBe(0);
  });

  it("are not made with --names none, and are made by a later run without it", async () => {
    const bench = await Bench.start();
    await bench.got([...bench.urls(sized("a")), "--names", "none"]);
    expect([bench.names(), bench.results()[0]?.["path"]]).toEqual([[], null]);
    await bench.got(bench.urls(sized("a")));
    expect([bench.names(), String(bench.results()[0]?.["path"])]).toEqual([
      ["file/a"],
      expect.stringMatching(/file\/a$/),
    ]);
  });

  it("that a file of the user's own has are left to it", async () => {
    const bench = await Bench.start();
    const host = join(bench.out, "files", new URL(bench.origin.url).host.replace(":", "_"), "file");
    mkdirSync(host, { recursive: true });
    writeFileSync(join(host, "a"), "mine");
    const { code } = await bench.got(bench.urls(sized("a")));
    expect(bench.names()).toEqual(["file/a", "file/a-2"]);
    expect(readFileSync(join(host, "a"), "utf8")).toBe("mine");
    expect(code).toBe(0);
  });
});
