import { appendFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jobIdOf } from "../../../../core/producer/check-job.ts";
import { Bench, taken, urls } from "./support.ts";

const spools = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("fetchonce-submit-"));

describe("fetchonce submit", () => {
  it("sends every line with the id that any producer gives it, and its own columns as metadata", async () => {
    const bench = new Bench();
    const list = bench.list("urls.csv", ["url,Note", `${urls(1)[0]},mine`, `${urls(1, 1)[0]},`]);
    const ended = await bench.submit([list]);
    expect(ended.code).toBe(0);
    const [first = "", second = ""] = urls(2);
    expect(bench.jobs).toMatchObject([
      { url: first, work_id: "host-0.example", metadata: { Note: "mine" } },
      { url: second, work_id: "host-1.example" },
    ]);
    expect(bench.jobs.map(jobIdOf)).toEqual([jobIdOf({ url: first }), jobIdOf({ url: second })]);
    expect(ended.out).toMatch(/2 jobs sent in .*All 2 jobs of .*urls\.csv are in the queue\nId: [0-9a-f]{32}\n$/);
    bench.jobs.length = 0;
    await bench.submit([list, "--no-metadata"]);
    expect(bench.jobs[0]).not.toHaveProperty("metadata");
  });

  it("sends nothing if a line is not valid, shows each, and sends the others with --skip-invalid", async () => {
    const bench = new Bench();
    const lines = [
      { url: "https://example.org/1" },
      { url: "nowhere" },
      { url: "https://example.org/2", identity: "mine" },
      { url: "https://example.org/3", metadata: { text: "x".repeat(1100) } },
      { url: "https://example.org/4", artifact_id: "a", identity: "mine" },
    ];
    const list = bench.list(
      "list.jsonl",
      lines.map((line) => JSON.stringify(line)),
    );
    const refused = await bench.submit([list]);
    expect(refused.err).toMatch(/list\.jsonl, line 2, url: .*\n +\{"url":"nowhere"\}\n/);
    expect(refused.err).toMatch(/line 3, artifact_id: missing beside an identity; write one/);
    expect(refused.err).toMatch(/line 4, metadata: .*1,?024 bytes/);
    expect(refused.err).toMatch(/Nothing was sent: .*list\.jsonl has 3 invalid lines\. .*--skip-invalid/);
    expect([refused.code, bench.jobs.length, bench.progressFiles().length]).toEqual([2, 0, 0]);
    const skipped = await bench.submit([list, "--skip-invalid"]);
    expect(skipped).toMatchObject({ code: 0, out: expect.stringContaining("3 lines skipped") });
    expect(bench.jobs.map(({ url }) => url.at(-1))).toEqual(["1", "4"]);
  });

  it("takes standard input, checks it before it sends, knows it by its bytes, and leaves no copy", async () => {
    const bench = new Bench();
    const before = spools();
    const input = `${urls(12).join("\n")}\n`;
    expect(await bench.submit(["-"], `${input}nowhere\n`)).toMatchObject({ code: 2 });
    expect(bench.jobs).toEqual([]);
    expect((await bench.submit(["-"], input)).out).toContain("12 jobs of standard input are in the queue");
    expect((await bench.submit([bench.list("same.txt", urls(12))])).out).toContain("were sent already");
    expect(bench.jobs).toHaveLength(12);
    expect(spools().filter((name) => !before.includes(name) && !name.includes("test"))).toEqual([]);
  });

  it.each([
    { list: "nowhere.txt", says: /nowhere\.txt is neither a URL nor a file/ },
    { list: "https://example.org/list.txt", says: /is a URL, and a list is needed/ },
    { list: tmpdir(), says: /is a folder/ },
    { list: "s3://bucket", says: /names no object of S3\. Write s3:\/\/BUCKET\/KEY/ },
  ])("says what is wrong with $list", async ({ list, says }) => {
    const ended = await new Bench().submit([list]);
    expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringMatching(says) });
  });

  it("prints one JSON document with --json", async () => {
    const bench = new Bench();
    const ended = await bench.submit([bench.list("urls.txt", urls(5)), "--json"]);
    expect(JSON.parse(ended.out)).toMatchObject({ jobs: 5, hosts: 3, sent: 5, sent_now: 5, done: true, refused: null });
  });

  it("ends with exit code 1 and the queue's words if it refuses, and begins nothing after that", async () => {
    const bench = new Bench();
    const list = bench.list("urls.txt", urls(5_000));
    bench.answer = async () => {
      throw Object.assign(new Error("You may not."), { name: "AccessDenied", $fault: "client" });
    };
    const ended = await bench.submit([list]);
    expect(ended.out).toMatch(/did not take https:\/\/host-0\.example\/0\.bin: AccessDenied: You may not\./);
    expect(ended.out).toMatch(/0 of 5000 jobs of .* are surely in the queue/);
    expect(ended.code).toBe(1);
  });

  it("stops when it is told to, saves what the queue has, and goes on there", async () => {
    const bench = new Bench();
    const list = bench.list("urls.txt", urls(5_000));
    bench.answer = async (entries) => {
      if (bench.jobs.length >= 1_000) bench.stop.abort();
      return taken(entries);
    };
    const stopped = await bench.submit([list]);
    expect(stopped).toMatchObject({ code: 130, out: expect.stringMatching(/Stopped\. Run the same command again/) });
    const sent = bench.jobs.length;
    expect(sent).toBeLessThan(2_000);
    const next = new Bench(bench.folder);
    expect((await next.submit([list])).out).toContain(`Going on: ${sent} of 5000 jobs`);
    expect([...bench.jobs, ...next.jobs].map(({ url }) => url)).toEqual(urls(5_000));
  });

  it("stops with a sentence when the list is changed while it is sent", async () => {
    const bench = new Bench();
    const list = bench.list("urls.txt", urls(3_000));
    bench.answer = async (entries) => {
      if (bench.jobs.length === 0) appendFileSync(list, "https://example.org/late\n");
      return taken(entries);
    };
    const ended = await bench.submit([list]);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("urls.txt was changed while it was sent") });
    bench.jobs.length = 0;
    bench.answer = async (entries) => taken(entries);
    expect((await bench.submit([join(bench.folder, "urls.txt")])).code).toBe(0);
    expect(bench.jobs).toHaveLength(3_001);
  });

  it("tells once that the queue is in trouble, and sends all the same", async () => {
    const bench = new Bench();
    let failures = 2;
    bench.answer = async (entries) => {
      if (failures-- > 0) throw Object.assign(new Error("busy"), { name: "ThrottlingException", $fault: "client" });
      return taken(entries);
    };
    const ended = await bench.submit([bench.list("urls.txt", urls(20))]);
    expect(ended.out.match(/does not take all messages for now \(ThrottlingException: busy\)/g)).toHaveLength(1);
    expect([ended.code, bench.jobs.length]).toEqual([0, 20]);
  });
});
