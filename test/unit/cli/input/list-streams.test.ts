/** Where the bytes of a list come from: packed files, standard input, files that stay open, pipes. */
import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import zlib from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readInput } from "../../../../cli/input/read-input.ts";
import { collected, listsOfTests, openFiles, readStdin, urlOf } from "./support.ts";

const lists = listsOfTests();

describe("a packed list", () => {
  const text = `# mine\n${urlOf(1)}\n${urlOf(2)}\n`;
  const halves = [text.slice(0, 20), text.slice(20)];
  it.each<[what: string, name: string, content: Uint8Array]>([
    ["gzip", "l.txt.gz", zlib.gzipSync(text)],
    ["gzip whose name does not say so", "l.txt", zlib.gzipSync(text)],
    ["gzip in several members", "l.gz", Buffer.concat(halves.map((half) => zlib.gzipSync(half)))],
    ["gzip of gzip", "l", zlib.gzipSync(zlib.gzipSync(text))],
    ["zstd", "l.txt.zst", zlib.zstdCompressSync(text)],
    ["zstd whose name does not say so", "l", zlib.zstdCompressSync(text)],
    ["zstd in several frames", "l.zst", Buffer.concat(halves.map((half) => zlib.zstdCompressSync(half)))],
    ["zstd of gzip", "l", zlib.zstdCompressSync(zlib.gzipSync(text))],
  ])("is read from %s", async (_, name, content) => {
    const { entries, said } = await lists.read(name, content);
    expect(said).toEqual([]);
    expect(entries.map((entry) => entry.message.url)).toEqual([urlOf(1), urlOf(2)]);
  });

  it("has the format of the name within its name", async () => {
    const { said } = await lists.read("l.txt.gz", zlib.gzipSync(JSON.stringify({ url: urlOf(1) })));
    expect(said).toEqual([expect.stringContaining("Say so with --format jsonl, or else with --format txt")]);
  });
});

describe("a long list", () => {
  it("is read whole and in its order, whatever the chunks are that it comes in", async () => {
    const count = 3000;
    const bytes = Buffer.from(Array.from({ length: count }, (_, n) => `${urlOf(n)}/\u00FC\u{1F600}\r\n`).join(""));
    for (const size of [7, 1000, 65_536]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      const { entries, said } = await readStdin(chunks);
      expect(said).toEqual([]);
      expect(entries.map(({ line }) => line)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
      expect(entries.at(-1)?.message.url).toBe(`${urlOf(count - 1)}/\u00FC\u{1F600}`);
    }
  });
});

it("lines that are longer than the chunks that they come in are read whole", async () => {
  const url = (n: number): string => `${urlOf(n)}/${"x".repeat(3000)}`;
  const text = Array.from({ length: 600 }, (_, n) => `${url(n)}\n`).join("");
  const { entries, said } = await readStdin(text.match(/[^]{1,900}/g) ?? []);
  expect(said).toEqual([]);
  expect(entries.map((entry) => entry.message.url)).toEqual(Array.from({ length: 600 }, (_, n) => url(n)));
});

describe("standard input", () => {
  it.each<[what: string, lines: readonly string[]]>([
    ["URLs", [`${urlOf(1)}\n`, `${urlOf(2)}\n`]],
    ["CSV", [`url,note\n${urlOf(1)},x\n`, `${urlOf(2)},y\n`]],
    ["JSON lines", [`${JSON.stringify({ url: urlOf(1) })}\n`, `${JSON.stringify({ url: urlOf(2) })}\n`]],
  ])("gives each entry of %s with its line, before it ends", async (_, lines) => {
    const stdin = new PassThrough();
    const items = readInput(["-"], {}, stdin);
    for (const [index, line] of lines.entries()) {
      stdin.write(line);
      expect((await items.next()).value).toMatchObject({ message: { url: urlOf(index + 1) } });
    }
    stdin.end();
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  it("gives each entry of a gzip stream with the flush that follows its line", async () => {
    const gzip = zlib.createGzip();
    const items = readInput(["-"], {}, gzip);
    for (const n of [1, 2]) {
      gzip.write(`${urlOf(n)}\n`);
      gzip.flush();
      expect((await items.next()).value).toMatchObject({ message: { url: urlOf(n) } });
    }
    await items.return(undefined);
  });

  it("waits until a line is whole", async () => {
    const stdin = new PassThrough();
    const next = readInput(["-"], {}, stdin).next();
    for (const piece of ["h", "ttps://exam", "ple.org/1"]) stdin.write(piece);
    await new Promise(setImmediate);
    stdin.end("23\n");
    expect((await next).value).toMatchObject({ message: { url: urlOf(123) } });
  });

  it("ends the reading quietly if it is destroyed, and the line that was coming is dropped", async () => {
    const stdin = new PassThrough();
    const items = readInput(["-"], {}, stdin);
    stdin.write(`${urlOf(1)}\nhttps://example.org/ha`);
    await items.next();
    const next = items.next();
    stdin.destroy();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("is destroyed if its reader stops early", async () => {
    const stdin = new PassThrough();
    const items = readInput(["-"], {}, stdin);
    stdin.write(`${urlOf(1)}\n${urlOf(2)}\n`);
    await items.next();
    await items.return(undefined);
    expect(stdin.destroyed).toBe(true);
  });

  it("passes on an error that is not the system's", async () => {
    const stdin = new PassThrough();
    const next = readInput(["-"], {}, stdin).next();
    stdin.destroy(new RangeError("a bug"));
    await expect(next).rejects.toThrow(new RangeError("a bug"));
  });
});

describe("a file", () => {
  /** Longer than what is read ahead, packed as well. */
  const LONG = Array.from({ length: 20_000 }, (_, n) => `https://example.org/${hash("sha256", String(n))}\n`).join("");

  it
    .runIf(process.platform === "linux")
    .each<[what: string, name: string, pack: (text: string) => string | Uint8Array]>([
      ["text", "open.txt", (text) => text],
      ["gzip", "open.txt.gz", (text) => zlib.gzipSync(text)],
      ["zstd", "open.txt.zst", (text) => zlib.zstdCompressSync(text)],
    ])("of %s is closed if its reader stops early", async (_, name, pack) => {
    const path = await lists.write(name, pack(LONG));
    const items = readInput([path], {}, Readable.from([]));
    await items.next();
    expect(await openFiles(lists.folder)).toEqual([path]);
    await items.return(undefined);
    await vi.waitFor(async () => expect(await openFiles(lists.folder)).toEqual([]));
  });

  it.runIf(process.platform === "linux")(
    "that fails while it is read is said, whatever became of standard input",
    async () => {
      const next = readInput(["/proc/self/mem"], { format: "txt" }, new PassThrough().destroy()).next();
      await expect(next).rejects.toThrow("Cannot read the list /proc/self/mem: i/o error.");
    },
  );

  it("may be a pipe", async () => {
    const writer = spawn("sh", [
      "-c",
      `mkfifo '${lists.folder}/pipe' && echo made && echo ${urlOf(1)} > '${lists.folder}/pipe'`,
    ]);
    await once(writer.stdout, "data");
    const items = await collected(readInput([`${lists.folder}/pipe`], {}, Readable.from([])));
    expect(items).toMatchObject([{ message: { url: urlOf(1) } }]);
  });
});

describe("without zstd in Node", () => {
  const { createZstdDecompress } = zlib;
  afterEach(() => Object.assign(zlib, { createZstdDecompress }));

  it("a list packed with zstd is refused, and the message says how to unpack it", async () => {
    Reflect.deleteProperty(zlib, "createZstdDecompress");
    await expect(lists.read("l.zst", zlib.zstdCompressSync(urlOf(1)))).rejects.toThrow(
      `The list is packed with zstd, which needs Node 22.15 or newer, and this is Node ${process.versions.node}. ` +
        "Unpack it first: zstd -dc LIST | fetchonce get -",
    );
  });
});
