import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { checkJob } from "../../../../core/producer/check-job.ts";
import { ListsWorld, urlsOf } from "./support.ts";

const TEN = urlsOf(10);

describe("a list that somebody puts below the prefix", () => {
  it("becomes a batch, whole before any job is sent, and its jobs are those of any producer", async () => {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      expect(w.batch(id)).toMatchObject({ lines: 10, files: 4, phase: "waiting", revision: 1 });
      return sendBatch(entries);
    };
    expect(await w.run()).toEqual({ found: 1, expanded: 1 });
    expect(w.sent.toSorted()).toEqual(TEN.map((url) => checkJob({ url }).body).toSorted());
    expect(w.list(id)).toMatchObject({
      phase: "sent",
      filesSent: 4,
      cursor: { line: 10, lines: 10, files: 4, invalid: 0 },
    });
    expect(w.list(id)?.watchAtMs).toBeUndefined();
    expect(w.batch(id)?.name).toBe("s3://archive/lists/urls.txt");
    expect(await w.run()).toEqual({ found: 0, expanded: 0 });
    expect(w.sent).toHaveLength(10);
  });

  it("keeps all that its lines say of a file, and its columns", async () => {
    const w = new ListsWorld();
    const rows = TEN.slice(0, 5).map((url, n) => ({
      url,
      sha256: String(n).repeat(64),
      mirrors: [`https://mirror.example/${n}`],
      expect: { type: "image/*" },
      metadata: { n, label: n % 2 === 0 ? "even" : null },
    }));
    const id = w.put("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    await w.run();
    expect(w.sent.toSorted()).toEqual(rows.map((row) => checkJob(row).body).toSorted());
    expect((await w.lines(id)).map(({ columns }) => columns)).toEqual(rows.map(({ metadata }) => metadata));
    const description = JSON.parse(String(w.files.all.get(`batches/${id}/batch.json`))) as object;
    expect(description).toMatchObject({ columns: { n: "INT64", label: "STRING" } });
  });

  it.each([
    { wish: {}, sent: { note: "mine" } },
    { wish: { metadata: "no" }, sent: undefined },
    { wish: { Other: "of another program" }, sent: { note: "mine" } },
  ])("sends its columns with the jobs unless its metadata say no: $wish", async ({ sent, wish }) => {
    const w = new ListsWorld();
    const id = w.put("rows.csv", `url,note\n${TEN[0]},mine\n`, wish);
    await w.run();
    expect(w.sent.map((body) => (JSON.parse(body) as { metadata?: object }).metadata)).toEqual([sent]);
    expect((await w.lines(id)).map(({ columns }) => columns)).toEqual([{ note: "mine" }]);
  });

  it.each([
    { name: "links.csv", content: `link,href\n${TEN[0]},x\n`, metadata: { "url-column": "link" } },
    { name: "no-ending", content: `link\n${TEN[0]}\n`, metadata: { format: "csv" } },
    { name: "packed.txt.gz", content: zlib.gzipSync(`${TEN[0]}\n`), metadata: {} },
  ])("is read as its name and its metadata say: $name", async ({ content, metadata, name }) => {
    const w = new ListsWorld();
    w.put(name, content, metadata);
    await w.run();
    expect(w.urls).toEqual([TEN[0]]);
  });

  it("is a new list when it is put again, and the same one otherwise", async () => {
    const w = new ListsWorld();
    const first = w.put("urls.txt", TEN.join("\n"));
    await w.runs(2);
    const second = w.put("urls.txt", TEN.join("\n"));
    await w.runs(2);
    expect(second).not.toBe(first);
    expect([w.batch(first)?.lines, w.batch(second)?.lines]).toEqual([10, 10]);
    expect(w.sent).toHaveLength(20);
  });

  it("is asked for in the table once by each process", async () => {
    const w = new ListsWorld();
    w.put("urls.txt", TEN.join("\n"));
    const asked: (readonly string[])[] = [];
    const { items } = w.deps;
    const readMany: typeof items.readMany = async (keys) => {
      asked.push(keys);
      return items.readMany(keys);
    };
    await w.runs(4, { items: { ...items, readMany } });
    expect(asked.map(({ length }) => length)).toEqual([1, 1]);
  });
});

describe("the cursor of a list", () => {
  it("goes on where the time of a run was up, and reads and sends nothing twice", async () => {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    const { files } = w.deps;
    const slow: typeof files = {
      read: async (key) => files.read(key),
      write: async (key, content) => {
        if (key.includes("/jobs/")) await w.world.clock.advance(50_000);
        return files.write(key, content);
      },
    };
    const phases: string[] = [];
    for (let run = 0; run < 12 && w.list(id)?.phase !== "sent"; run++) {
      await w.run({ expandsForMs: 40_000, files: slow });
      phases.push(`${w.list(id)?.phase} ${w.list(id)?.cursor.lines}`);
    }
    expect(phases.slice(0, 3)).toEqual(["checking 3", "checking 6", "checking 9"]);
    expect(w.sent.toSorted()).toEqual(TEN.map((url) => checkJob({ url }).body).toSorted());
  });

  it("goes on with what the queue has not taken", async () => {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      if (w.sent.length === 3)
        throw Object.assign(new Error("no"), { name: "AccessDenied", $metadata: { httpStatusCode: 403 } });
      return sendBatch(entries);
    };
    expect(await w.run()).toBeInstanceOf(AggregateError);
    expect(w.list(id)).toMatchObject({ phase: "sending", filesSent: 1 });
    w.sendBatch = sendBatch;
    await w.world.clock.advance(120_000);
    await w.run();
    expect(new Set(w.urls)).toEqual(new Set(TEN));
    expect(w.sent).toHaveLength(10);
  });
});
