import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Bench, urls } from "./support.ts";

/** A list of 40 jobs of which the queue has taken 20. */
async function halfSent(): Promise<{ readonly bench: Bench; readonly list: string; readonly path: string }> {
  const bench = new Bench();
  const list = bench.list("urls.txt", urls(40));
  const { answer } = bench;
  bench.answer = async (entries) => {
    if (bench.jobs.length < 20) return answer(entries);
    throw Object.assign(new Error("no"), { name: "AccessDenied", $fault: "client" });
  };
  expect((await bench.submit([list])).code).toBe(1);
  bench.answer = answer;
  const [path = ""] = bench.progressFiles();
  return { bench, list, path };
}

describe("the file that says how far a list was sent", () => {
  it("makes the next run go on there, and then says that all was sent", async () => {
    const { bench, list, path } = await halfSent();
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ jobs: 40, sent: 20, invalid_lines: 0 });
    const second = await bench.submit([list]);
    expect(second.out).toContain("Going on: 20 of 40 jobs");
    expect(bench.jobs.map(({ url }) => url)).toEqual(urls(40));
    const third = await bench.submit([list]);
    expect(third).toMatchObject({ code: 0, out: expect.stringContaining("All 40 jobs") });
    expect(third.out).toMatch(/were sent already.*--again\.\nId: [0-9a-f]{32}\n$/);
    expect(bench.jobs).toHaveLength(40);
    expect(readdirSync(dirname(path))).toHaveLength(1);
  });

  it("does not count with --again, which sends all of the list", async () => {
    const { bench, list } = await halfSent();
    expect((await bench.submit([list, "--again"])).code).toBe(0);
    expect(bench.jobs.map(({ url }) => url)).toEqual([...urls(20), ...urls(40)]);
  });

  it("is another one for another list, another queue and another way to read", async () => {
    const { bench, list } = await halfSent();
    await bench.submit([list, "--queue-url", "https://sqs.example.org/1/other"]);
    expect(bench.jobs).toHaveLength(60);
    await bench.submit([list, "--no-metadata"]);
    expect(bench.jobs).toHaveLength(100);
    bench.list("urls.txt", urls(41));
    await bench.submit([list]);
    expect(bench.jobs).toHaveLength(141);
    expect(bench.progressFiles()).toHaveLength(4);
  });

  it.each([
    { what: "torn", text: (whole: string) => whole.slice(0, 40) },
    { what: "of another kind", text: () => "https://example.org/my-own-list" },
    { what: "of a newer release", text: (whole: string) => whole.replace('"v": 1', '"v": 2') },
  ])("is refused and left as it is if it is $what, even with --again", async ({ text }) => {
    const { bench, list, path } = await halfSent();
    const strange = text(readFileSync(path, "utf8"));
    writeFileSync(path, strange);
    for (const more of [[], ["--again"]]) {
      const ended = await bench.submit([list, ...more]);
      expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("does not say how far a list was sent") });
    }
    expect(readFileSync(path, "utf8")).toBe(strange);
    expect(bench.jobs).toHaveLength(20);
  });

  it("that --progress names is refused if it is of another list, of one that has changed, or of another queue", async () => {
    const { bench, list, path } = await halfSent();
    const other = bench.list("other.txt", urls(5));
    expect((await bench.submit([other, "--progress", path])).err).toContain("says how far another list");
    const elsewhere = ["--queue-url", "https://sqs.example.org/1/other"];
    expect((await bench.submit([list, "--progress", path, ...elsewhere])).err).toContain("to another queue");
    expect((await bench.submit([list, "--progress", path, "--no-metadata"])).err).toContain("with another --format");
    bench.list("urls.txt", urls(39));
    const changed = await bench.submit([list, "--progress", path]);
    expect(changed.err).toContain("urls.txt has changed since 20 of 40 jobs of it were sent. To send");
    expect(changed.code).toBe(2);
    expect(bench.jobs).toHaveLength(20);
    expect((await bench.submit([list, "--progress", path, "--again"])).code).toBe(0);
    expect(bench.jobs).toHaveLength(59);
    // Another list may follow one that is done.
    expect((await bench.submit([other, "--progress", path])).code).toBe(0);
    expect(bench.jobs).toHaveLength(64);
  });

  it("is not made by a dry run", async () => {
    const bench = new Bench();
    const list = bench.list("urls.txt", urls(7));
    const ended = await bench.submit([list, "--dry-run"]);
    expect(ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/7 jobs of 3 hosts\. Nothing was sent\.\nId: \w+\n/),
    });
    expect([bench.jobs.length, bench.progressFiles().length]).toEqual([0, 0]);
  });

  it("stops the command with exit code 3 if it cannot be written, before anything is sent", async () => {
    const bench = new Bench();
    const list = bench.list("urls.txt", urls(7));
    const ended = await bench.submit([list, "--progress", join(list, "p.json")]);
    expect(ended).toMatchObject({ code: 3, err: expect.stringMatching(/^Stopped: .*--progress/s) });
    expect(bench.jobs).toEqual([]);
  });
});
