import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { checkJob } from "../../../../core/producer/check-job.ts";
import { listItemKey } from "../../../../core/lists/list-record.ts";
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

describe("a list that cannot be used", () => {
  it.each([
    {
      what: "an invalid line",
      content: `${TEN[0]}\nftp://host.example/x\n`,
      metadata: {},
      reason: /^1 problem; correct/,
    },
    { what: "no line", content: "# nothing\n", metadata: {}, reason: /^no line of it/ },
    {
      what: "an unknown format",
      content: TEN[0] ?? "",
      metadata: { format: "xls" },
      reason: /"xls"; write one of txt/,
    },
    {
      what: "an unclear wish",
      content: TEN[0] ?? "",
      metadata: { "skip-invalid": "maybe" },
      reason: /write yes or no/,
    },
    { what: "a missing column", content: "a,b\n1,2\n", metadata: { "url-column": "c" }, reason: /^1 problem/ },
    {
      what: "a column of a text list",
      content: TEN[0] ?? "",
      metadata: { "url-column": "c" },
      reason: /names a column/,
    },
    { what: "UTF-16", content: Buffer.from([0xff, 0xfe, 0x68, 0x00]), metadata: {}, reason: /^1 problem/ },
  ])("is refused for $what: nothing is sent, and it is told", async ({ content, metadata, reason }) => {
    const w = new ListsWorld();
    const id = w.put("list", content, metadata);
    await w.runs(2);
    expect(w.sent).toEqual([]);
    expect(w.batch(id)).toBeUndefined();
    expect(w.told).toEqual([
      expect.objectContaining({ id, name: "s3://archive/lists/list", reason: expect.stringMatching(reason) as string }),
    ]);
    expect(w.list(id)).toMatchObject({ phase: "refused" });
    expect(w.list(id)?.watchAtMs).toBeUndefined();
  });

  it("names its first twenty problems, and the rest of it is not read", async () => {
    const w = new ListsWorld();
    let chunks = 0;
    w.onChunk = () => void (chunks += 1);
    w.put("list.txt", [TEN[0], ...Array.from({ length: 500 }, (_, n) => `ftp://host.example/${n}`)].join("\n"));
    await w.run();
    const [{ problems, reason } = { problems: [], reason: "" }] = w.told;
    expect(reason).toMatch(/^20 problems or more/);
    expect(problems).toHaveLength(20);
    expect(problems[0]).toMatch(/^s3:\/\/archive\/lists\/list\.txt, line 2, url: /);
    expect(chunks).toBeLessThan(100);
  });

  it("is used without its invalid lines if it says so", async () => {
    const w = new ListsWorld();
    const lines = TEN.flatMap((url) => [url, `${url} and more`]);
    const id = w.put("list.txt", lines.join("\n"), { "skip-invalid": "yes" });
    await w.run();
    expect(w.urls.toSorted()).toEqual(TEN.toSorted());
    expect(w.list(id)?.cursor).toMatchObject({ lines: 10, invalid: 10 });
  });

  it.each([
    { how: "removed", change: (w: ListsWorld) => w.objects.clear() },
    { how: "replaced", change: (w: ListsWorld) => void w.put("list.txt", "https://host.example/other") },
  ])("is refused when it is $how while it is read", async ({ change }) => {
    const w = new ListsWorld();
    const id = w.put("list.txt", TEN.join("\n"));
    w.onChunk = () => {
      w.onChunk = () => undefined;
      change(w);
    };
    await w.run();
    expect(w.list(id)).toMatchObject({ phase: "refused", reason: expect.stringContaining("put it again") as string });
    expect(w.batch(id)).toBeUndefined();
  });

  it("is refused for more columns than its record can hold", async () => {
    const w = new ListsWorld();
    const metadata = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`c${n}`, 1]));
    const rows = TEN.flatMap((url, line) =>
      [0, 1].map((half) => ({
        url: `${url}?${half}`,
        metadata: Object.fromEntries(Object.keys(metadata).map((name) => [`${name}-${line}-${half}`, 1])),
      })),
    );
    const id = w.put("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    await w.run();
    expect(w.list(id)?.reason).toMatch(/more than 1000 columns/);
  });

  it("is refused for names of columns that are longer than its record can hold", async () => {
    const w = new ListsWorld();
    const rows = TEN.map((url, n) => ({ url, metadata: { [`${n}${"x".repeat(900)}`]: 1 } }));
    const id = w.put("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    const header = ["url", ...Array.from({ length: 60 }, (_, n) => `${n}${"y".repeat(1_000)}`)].join(",");
    const wide = w.put("rows.csv", `${header}\n${[TEN[0], ...Array<number>(60).fill(1)].join(",")}\n`, {
      metadata: "no",
    });
    await w.run();
    expect(w.list(id)?.phase).toBe("sent");
    expect(w.list(wide)?.reason).toMatch(/more than 50000 characters together/);
  });

  it("is refused quietly where nothing is announced", async () => {
    const w = new ListsWorld();
    const id = w.put("list.txt", "no URL\n");
    await w.run({ bus: undefined });
    expect([w.list(id)?.phase, w.list(id)?.watchAtMs, w.told]).toEqual(["refused", undefined, []]);
  });

  it("is told of again when the bus has refused the news", async () => {
    const w = new ListsWorld();
    const id = w.put("list.txt", "no URL\n");
    const refusal = "ThrottlingException";
    expect(await w.run({ bus: { publish: async () => Promise.resolve({ taken: 0, refusal }) } })).toBeInstanceOf(Error);
    await w.world.clock.advance(120_000);
    await w.run();
    expect(w.told.map((each) => each.id)).toEqual([id]);
  });

  it("keeps no other list waiting", async () => {
    const w = new ListsWorld();
    w.put("a.txt", TEN.join("\n"));
    w.put("b.txt", "https://b.example/file");
    const { files } = w.deps;
    let failures = 0;
    const write: typeof files.write = async (key, content) => {
      if (failures++ === 0) throw new Error("S3 is busy");
      return files.write(key, content);
    };
    expect(await w.run({ files: { ...files, write } })).toBeInstanceOf(AggregateError);
    expect(w.sent).toHaveLength(1);
    // The lease ends first.
    await w.world.clock.advance(120_000);
    await w.run();
    expect(w.sent).toHaveLength(11);
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

describe("the lease on a list", () => {
  it("keeps a second run away while the first one works", async () => {
    const w = new ListsWorld();
    w.put("urls.txt", TEN.join("\n"));
    let second: unknown;
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      second ??= await w.run();
      return sendBatch(entries);
    };
    await w.run();
    expect(second).toEqual({ found: 0, expanded: 0 });
    expect(w.sent).toHaveLength(10);
  });

  it("is seen in the record, when the index has not heard of it yet", async () => {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    const stale = async () => Promise.resolve([{ key: listItemKey(id), watchAtMs: 0 }]);
    let second: unknown;
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      second ??= await w.run({ items: { ...w.deps.items, watched: stale } });
      return sendBatch(entries);
    };
    expect(await w.run()).toEqual({ found: 1, expanded: 1 });
    expect(second).toEqual({ found: 0, expanded: 0 });
    expect(w.sent).toHaveLength(10);
  });

  it("stays when another run finds the list at the same time, and records it later", async () => {
    const w = new ListsWorld();
    w.put("urls.txt", TEN.join("\n"));
    const { items } = w.deps;
    let isFirst = true;
    const readMany: typeof items.readMany = async (keys) => {
      const found = await items.readMany(keys);
      if (isFirst) {
        isFirst = false;
        await w.run({ known: new Set() });
      }
      return found;
    };
    await w.run({ items: { ...items, readMany } });
    await w.runs(3);
    expect(w.sent).toHaveLength(10);
  });

  it("is renewed by work that saves nothing for long", async () => {
    const w = new ListsWorld();
    w.put("urls.txt", [...Array.from({ length: 400 }, (_, n) => `# ${n}`), ...TEN].join("\n"));
    let seconds = 0;
    let others = 0;
    w.onChunk = async () => {
      await w.world.clock.advance(10_000);
      seconds += 10;
      const ended = await w.run({ ...w.deps, expandsForMs: 1 });
      if (!(ended instanceof Error) && ended.expanded > 0) others += 1;
    };
    await w.run();
    expect(seconds).toBeGreaterThan(120);
    expect(others).toBe(0);
    expect(w.sent).toHaveLength(10);
  });

  it("is taken by another run when its holder has died, and the holder's writes are refused from then on", async () => {
    const w = new ListsWorld();
    const id = w.put("urls.txt", TEN.join("\n"));
    const { sendBatch } = w;
    w.sendBatch = async (entries) => {
      w.sendBatch = sendBatch;
      // Frozen for longer than its lease lasts.
      await w.world.clock.advance(121_000);
      await w.run();
      return sendBatch(entries);
    };
    // The loser does nothing else, and that is no failure.
    expect(await w.run()).toEqual({ found: 1, expanded: 0 });
    expect(w.list(id)).toMatchObject({ phase: "sent" });
    expect(new Set(w.urls)).toEqual(new Set(TEN));
    expect(w.sent).toHaveLength(13);
  });
});
