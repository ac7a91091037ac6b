/** The same files from servers that people use, through the real command. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Command, soon, type Ended } from "../e2e/get/support.ts";
import { apache } from "./kinds/apache.ts";
import { caddy } from "./kinds/caddy.ts";
import { SLOW_RATE } from "./kinds/kind.ts";
import { lighttpd } from "./kinds/lighttpd.ts";
import { nginx } from "./kinds/nginx.ts";
import { python } from "./kinds/python.ts";
import { startServer, type RunningServer } from "./running.ts";
import {
  COMPRESSIBLE,
  DIRECTORY,
  ENCODED,
  FILES,
  FORBIDDEN,
  MIB,
  pathOf,
  REPLACED,
  sha256,
  SLOW,
  SMALL,
  type Wanted,
} from "./site.ts";

const KINDS = [nginx, apache, python, lighttpd, caddy];
const INSTALLED = KINDS.filter(({ program }) => program !== undefined);
for (const { name, install, program } of KINDS)
  if (program === undefined) console.warn(`Skipped ${name}: it is not installed. On Debian: ${install}`);

const PART_BYTES = 8 * MIB;
const SLOTS = 4;

/** CI sets the variable, so that no failed installation leaves servers untested. */
it("servers to test are installed, as many as LEAST_SERVERS says", () => {
  expect(INSTALLED.length).toBeGreaterThanOrEqual(Number(process.env["LEAST_SERVERS"] ?? 1));
});

interface Line {
  readonly url: string;
  readonly state: string;
  readonly reason: string | null;
  readonly path: string | null;
  readonly sha256: string | null;
}

describe.each(INSTALLED)("$name", (kind) => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(kind);
  });
  afterAll(async () => server.stop());

  const out = (): string => join(server.folder, "out");
  const urlOf = (wanted: Wanted): string => server.wire.url + pathOf(wanted);

  function get(wanted: readonly Wanted[], ...args: readonly string[]): Command {
    server.wire.forget();
    const list = join(server.folder, "list.txt");
    writeFileSync(list, wanted.map((each) => `${urlOf(each)}\n`).join(""));
    const shared = ["--out", out(), "--workers", "1", "-j", String(SLOTS), "--allow-private-hosts"];
    return new Command(["get", list, ...shared, ...args], { ownGroup: true });
  }

  /** As get, in an empty folder. */
  async function getAnew(wanted: readonly Wanted[], ...args: readonly string[]): Promise<Ended> {
    rmSync(out(), { recursive: true, force: true });
    return get(wanted, ...args).ended();
  }

  const results = (): ReadonlyMap<string, Line> => {
    const lines = readFileSync(join(out(), "results.jsonl"), "utf8").trimEnd().split("\n");
    return new Map(lines.map((line) => JSON.parse(line) as Line).map((line) => [line.url, line]));
  };

  /** Those whose file on the disk is not what the server has, with what is there instead. */
  function wrong(wanted: readonly Wanted[]): readonly unknown[] {
    const ends = results();
    return wanted.flatMap((each) => {
      const end = ends.get(urlOf(each));
      const onDisk = end?.path && sha256(readFileSync(join(out(), "files", end.path)));
      const expected = sha256(each.bytes);
      return onDisk === expected && end?.sha256 === expected ? [] : [{ name: each.name, onDisk, end }];
    });
  }

  it(`gives ${FILES.length} files of all sizes and names, byte for byte`, async () => {
    const { code } = await getAnew(FILES);
    expect(wrong(FILES)).toEqual([]);
    expect(code).toBe(0);
  });

  /** What another client is answered, which accepts gzip. */
  async function answerFor(wanted: Wanted): Promise<IncomingMessage> {
    const asked = request(urlOf(wanted), { headers: { "accept-encoding": "gzip" } }).end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    answer.destroy();
    return answer;
  }

  it("redirects from a directory to its page, which the command fetches", async () => {
    expect([301, 308]).toContain((await answerFor(DIRECTORY)).statusCode);
    await getAnew([DIRECTORY]);
    expect(wrong([DIRECTORY])).toEqual([]);
  });

  it.runIf(kind.compresses)("compresses for those who want it, and the command does not", async () => {
    expect((await answerFor(COMPRESSIBLE)).headers["content-encoding"]).toBe("gzip");
    await getAnew([COMPRESSIBLE]);
    expect(wrong([COMPRESSIBLE])).toEqual([]);
  });

  it.runIf(kind.encodingOfGz)(
    `calls a .gz file an encoded one (${kind.encodingOfGz}), and it is stored as it is`,
    async () => {
      const { headers } = await answerFor(ENCODED);
      expect([headers["content-type"], headers["content-encoding"]]).toEqual(["text/csv", kind.encodingOfGz]);
      await getAnew([ENCODED]);
      expect(wrong([ENCODED])).toEqual([]);
    },
  );

  it("says that a file is missing, and the URL fails at once", async () => {
    const missing: Wanted = { name: "missing.bin", bytes: Buffer.alloc(0) };
    const { code } = await getAnew([missing]);
    expect([results().get(urlOf(missing))?.reason, code]).toEqual(["http_404", 1]);
  });

  it.runIf(kind.refuses)("refuses a file, and the URL fails at once", async () => {
    const { code } = await getAnew([FORBIDDEN]);
    expect([results().get(urlOf(FORBIDDEN))?.reason, code]).toEqual(["http_403", 1]);
  });

  it(`sends ${SMALL.length} small files${kind.keepsConnections ? " over few connections" : ""}`, async () => {
    const { code } = await getAnew(SMALL);
    expect(wrong(SMALL)).toEqual([]);
    expect(code).toBe(0);
    expect(server.wire.connections).toBeLessThanOrEqual(kind.keepsConnections ? 2 * SLOTS : 2 * SMALL.length);
  });

  it("sends a large file, the command is killed in its middle, and the next one gets the whole", async () => {
    rmSync(out(), { recursive: true, force: true });
    if (!kind.limitsRate) server.wire.rate = SLOW_RATE;
    const first = get([SLOW]);
    // The sockets between hold some MiB of this, and the first part must have a checkpoint.
    await soon(() => expect(server.wire.sent).toBeGreaterThan(1.9 * PART_BYTES));
    process.kill(-first.pid, "SIGKILL");
    await first.ended();
    expect(server.wire.sent).toBeLessThan(SLOW.bytes.length);
    server.wire.rate = Number.POSITIVE_INFINITY;

    const { code } = await get([SLOW]).ended();
    expect(wrong([SLOW])).toEqual([]);
    expect(code).toBe(0);
    if (!kind.hasRanges) return;
    // A busy machine kills the command late: it may have more than one part's checkpoint by then.
    const from = Number(/^range: bytes=(\d+)-/im.exec(server.wire.asked)?.[1]);
    expect([from >= PART_BYTES, from % PART_BYTES]).toEqual([true, 0]);
    expect(server.wire.sent).toBeLessThan(SLOW.bytes.length - from + MIB);
  });

  it("serves a file that was replaced: --refresh brings the new bytes", async () => {
    await getAnew([REPLACED]);
    expect(wrong([REPLACED])).toEqual([]);
    const replacement = { ...REPLACED, bytes: Buffer.from("other bytes, and fewer of them") };
    writeFileSync(join(server.root, REPLACED.name), replacement.bytes);
    // lighttpd caches stat() for a second: it announces the old length, and breaks off. Retries outlive that.
    const { code } = await get([REPLACED], "--refresh").ended();
    expect(wrong([replacement])).toEqual([]);
    expect(code).toBe(0);
  });
});
