import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkDownloaded, makeFiles, writeList, type UrlList } from "../../../bench/peers/files.ts";
import { parsePeersOptions, WHOLE } from "../../../bench/peers/options.ts";
import { medianRatio } from "../../../bench/peers/rounds.ts";
import { usageOf } from "../../../bench/peers/usage.ts";

const { signal } = new AbortController();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-test-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

describe("the options of the comparison with other downloaders", () => {
  it("choose everything by default", () => {
    expect(parsePeersOptions([])).toEqual(WHOLE);
  });

  it("choose parts, which run in their own order, and sizes", () => {
    expect(parsePeersOptions(["--only", "many", "--only=small", "--files", "200", "--rounds", "1"])).toEqual({
      parts: ["small", "many"],
      smallFiles: 200,
      manyFiles: 200,
      rounds: 1,
    });
  });

  it.each([
    { args: ["--only", "tiny"], complaint: 'There is no part "tiny". Usage: npm run bench -- peers' },
    { args: ["--files", "1"], complaint: '"1" is not a whole number from 2 to 9999999. Usage: npm run bench -- peers' },
    { args: ["--fast"], complaint: "Usage: npm run bench -- peers" },
  ])("are refused if they are $args", ({ args, complaint }) => {
    expect(() => parsePeersOptions(args)).toThrow(complaint);
  });
});

describe("the check of what a downloader downloaded", () => {
  let list: UrlList;
  let downloads: string;

  beforeEach(async () => {
    const files = await makeFiles(join(folder, "tree"), "http://127.0.0.1/tree", { count: 3, size: 2000 }, signal);
    list = await writeList(join(folder, "list.txt"), files.slice(0, 2));
    downloads = join(folder, "tree");
  });

  it("accepts the files of the list under any name in any folder", async () => {
    await rm(join(downloads, "000002.bin"));
    await expect(checkDownloaded(list, folder, signal)).rejects.toThrow("0 are not in");
    await expect(checkDownloaded(list, downloads, signal)).resolves.toBeUndefined();
  });

  it("refuses a file too many", async () => {
    await expect(checkDownloaded(list, downloads, signal)).rejects.toThrow("it has 3 files in all");
  });

  it("refuses a file of the right size with other bytes", async () => {
    await rm(join(downloads, "000002.bin"));
    await writeFile(join(downloads, "000001.bin"), Buffer.alloc(2000));
    await expect(checkDownloaded(list, downloads, signal)).rejects.toThrow("Of 2 files, 1 are not in");
  });
});

describe("a ratio of two downloaders", () => {
  it("is the median of the rounds' ratios", () => {
    const downloads = (...seconds: readonly number[]) =>
      seconds.map((each) => ({
        seconds: each,
        startedAtMs: 0,
        cpuSeconds: 0,
        peakBytes: 0,
        requests: 0,
        firstAnswerSeconds: 0,
      }));
    expect(medianRatio(downloads(2, 30, 9), downloads(1, 10, 9), (each) => each.seconds)).toBe(2);
  });
});

describe.runIf(process.platform === "linux")("the usage of a command", () => {
  it("includes the CPU time of a process whose parent was killed before it could wait for it", async () => {
    const oneSecond = "(ulimit -t 1; while :; do :; done)";
    const { cpuSeconds } = await usageOf(["sh", "-c", `sh -c '${oneSecond} & kill -9 $$' || :`], folder, signal);
    expect(cpuSeconds).toBeGreaterThan(0.5);
  });

  it("is an error that has the command's last output if the command fails", async () => {
    await expect(usageOf(["sh", "-c", "echo no such list >&2; exit 3"], folder, signal)).rejects.toThrow(
      /exit code 3: sh -c [\s\S]*no such list/,
    );
  });

  it("is an error if the command does not exist", async () => {
    await expect(usageOf([join(folder, "nothing")], folder, signal)).rejects.toThrow("This could not be measured");
  });

  it("ends with the reason of an abort, after every descendant is killed", async () => {
    const controller = new AbortController();
    const pidFile = join(folder, "pid");
    const script = `(trap '' TERM INT; sleep 1000 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait) & wait`;
    const measured = usageOf(["sh", "-c", script], folder, controller.signal);
    measured.catch(() => undefined);
    await vi.waitFor(() => expect(existsSync(pidFile)).toBe(true), 10_000);
    controller.abort(new Error("enough"));
    await expect(measured).rejects.toThrow("enough");
    const pid = Number(await readFile(pidFile, "utf8"));
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
