import { describe, expect, it } from "vitest";
import { ListsWorld, urlsOf } from "./support.ts";

const TEN = urlsOf(10);

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
