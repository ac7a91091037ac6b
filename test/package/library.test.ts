/** `import ... from "fetchonce"`, from the packed package. */
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, inject, it } from "vitest";
import vectors from "../../clients/vectors.json" with { type: "json" };
import { present } from "../../core/model/present.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type * as library from "../../package/library.ts";
import type { Result } from "../../package/library.ts";
import { forEachTest, run } from "./support.ts";

type Library = typeof library;

const mine = forEachTest();
const installed = inject("installed");
const FILE = { name: "a.bin", size: 300_000 };
const OTHER = { name: "b.bin", size: 200_000 };
const GONE = { name: "gone.pdf", size: 0, status: 404 };

const path = join(installed, "node_modules/fetchonce/dist/library.js");
const { get, getEach, GetError, InvalidJobError, jobIdOf, Producer } = (await import(
  pathToFileURL(path).href
)) as Library;

const options = () => ({ out: mine.folder, allowPrivateHosts: true, workers: 1 });

describe("get", () => {
  it("tells of each entry with its metadata and the path of its file", async () => {
    const results: Result[] = [];
    const entries = [
      { url: new URL(mine.origin.urlOf(FILE)), sha256: originSha256(FILE), metadata: { title: "Mine", year: 2026 } },
      mine.origin.urlOf(GONE),
    ];
    const summary = await get(entries, { ...options(), onResult: (result) => results.push(result) });
    expect(summary).toEqual({ stored: 1, failed: 1, invalid: 0 });
    const [stored, failed] = results.toSorted((one, other) => one.url.localeCompare(other.url));
    expect(stored).toMatchObject({ state: "INDEXED", bytes: FILE.size, metadata: { title: "Mine", year: 2026 } });
    const content = await readFile(stored?.file ?? "");
    expect(createHash("sha256").update(content).digest("hex")).toBe(stored?.sha256);
    expect(failed).toMatchObject({ state: "FAILED", reason: "http_404", file: null, metadata: {} });
  });

  it("fetches nothing again, and tells of what is there; what was lost is fetched again", async () => {
    const urls = [FILE, OTHER].map((file) => mine.origin.urlOf(file));
    const results: Result[] = [];
    await get(urls, { ...options(), onResult: (result) => results.push(result) });
    await rm(join(mine.folder, "content", results.find(({ bytes }) => bytes === OTHER.size)?.key ?? ""));
    const requests = mine.origin.requestsOf(FILE).length;
    expect(await get(urls, options())).toEqual({ stored: 2, failed: 0, invalid: 0 });
    expect(mine.origin.requestsOf(FILE)).toHaveLength(requests);
    expect(mine.origin.requestsOf(OTHER)).toHaveLength(2 * requests);
  });

  it("takes entries that come one after the other", async () => {
    async function* found() {
      yield mine.origin.urlOf(FILE);
      yield { url: mine.origin.urlOf(OTHER) };
    }
    expect(await get(found(), options())).toEqual({ stored: 2, failed: 0, invalid: 0 });
  });

  it("names files after the metadata, or not at all", async () => {
    const results: Result[] = [];
    const onResult = (result: Result) => void results.push(result);
    const entry = { url: mine.origin.urlOf(FILE), metadata: { title: "My paper.pdf" } };
    await get([entry], { ...options(), names: "column:title", onResult });
    await get([entry], { ...options(), out: join(mine.folder, "other"), names: "none", onResult });
    expect(results.map(({ file }) => file)).toEqual([
      join(mine.folder, "files", "My paper.pdf"),
      join(mine.folder, "other", "content", results[1]?.key ?? ""),
    ]);
  });

  it("takes a single URL", async () => {
    expect(await get(mine.origin.urlOf(FILE), options())).toEqual({ stored: 1, failed: 0, invalid: 0 });
  });

  it("of no entries is done at once", async () => {
    expect(await get([], options())).toEqual({ stored: 0, failed: 0, invalid: 0 });
  });
});

describe("Producer", () => {
  it("sends ten jobs at a time by the function that it was given, and tells the ids that a worker will use", async () => {
    const sizes: number[] = [];
    const producer = new Producer({
      sendBatch: async (entries) => {
        sizes.push(entries.length);
        return { Successful: entries };
      },
    });
    const { job, job_id } = present(vectors.jobs[0], "the first vector");
    expect([await producer.send(job), jobIdOf(job)]).toEqual([job_id, job_id]);
    for (let sent = 1; sent < 12; sent++) await producer.send(job);
    await producer.flush();
    expect(sizes).toEqual([10, 2]);
    await expect(producer.send({ url: "nowhere" })).rejects.toBeInstanceOf(InvalidJobError);
  });
});

describe("what is not valid", () => {
  const WRONG = [
    { entry: "no URL", index: 1, field: "url", reason: "not an absolute URL" },
    { entry: { url: "https://a.example/", sha_256: "00" }, index: 1, field: "sha_256", reason: "did you mean sha256?" },
    {
      entry: { url: "https://a.example/", metadata: { path: 1 } },
      index: 1,
      field: "metadata.path",
      reason: "results",
    },
    { entry: { url: "https://a.example/", metadata: { big: 1n } }, index: 1, reason: "not JSON" },
    { entry: undefined, index: 1, reason: "not JSON" },
  ];

  it.each(WRONG)("$entry stops the call before anything is fetched", async ({ entry, reason }) => {
    const entries = [mine.origin.urlOf(FILE), entry as string];
    await expect(get(entries, options())).rejects.toMatchObject({
      name: "GetError",
      code: "invalid_entry",
      message: expect.stringMatching(new RegExp(`^Entry 1.*${reason.replace("?", "\\?")}.*Nothing was fetched\\.$`)),
    });
    expect(mine.origin.requests).toEqual([]);
  });

  it("with onInvalid, it is told and skipped", async () => {
    const problems: unknown[] = [];
    const entries = [...WRONG.map(({ entry }) => entry as string), mine.origin.urlOf(FILE)];
    const summary = await get(entries, { ...options(), onInvalid: (problem) => problems.push(problem) });
    expect(summary).toEqual({ stored: 1, failed: 0, invalid: WRONG.length });
    expect(problems).toMatchObject(
      WRONG.map(({ field, reason }, index) => {
        const problem = { index, reason: expect.stringContaining(reason) };
        return field === undefined ? problem : Object.assign(problem, { field });
      }),
    );
  });

  it("two digests for one URL are refused", async () => {
    const url = mine.origin.urlOf(FILE);
    const entries = [
      { url, sha256: "0".repeat(64) },
      { url, sha256: "1".repeat(64) },
    ];
    await expect(get(entries, options())).rejects.toThrow("Entry 1, sha256: entry 0 has another one for the same URL");
  });

  it.each([
    [{ jobs: 0 }, "jobs must be a whole number from 1 to 1024, not 0."],
    [{ workers: 1.5 }, "workers must be a whole number from 1 to 64, not 1.5."],
    [{ names: "title" as "url" }, 'names must be "url", "none", or "column:" and a name, not "title".'],
  ])("the options %j are refused", async (wrong, message) => {
    await expect(get([], { ...options(), ...wrong })).rejects.toThrow(new RangeError(message));
  });
});

describe("trouble", () => {
  it("a directory in which another call works is refused", async () => {
    const results = getEach([mine.origin.urlOf(FILE), mine.origin.urlOf({ ...OTHER, delayMs: 500 })], options());
    await results.next();
    await expect(get([], options())).rejects.toMatchObject({ name: "GetError", code: "folder_in_use" });
    await results.return({ stored: 0, failed: 0, invalid: 0 });
  });

  it("a directory that cannot be made is the machine's trouble, and the message names it", async () => {
    const file = join(mine.folder, "file");
    await writeFile(file, "");
    const call = get([], { ...options(), out: join(file, "out") });
    await expect(call).rejects.toMatchObject({ code: "machine", message: expect.stringContaining(file) });
  });
});

describe("stopping", () => {
  const slow = () => mine.origin.urlOf({ ...OTHER, delayMs: 60_000 });

  it("a signal rejects the call with its reason, and the next call goes on", async () => {
    const reason = new Error("enough");
    const stopping = new AbortController();
    const entries = [mine.origin.urlOf(FILE), slow()];
    const onResult = () => stopping.abort(reason);
    await expect(get(entries, { ...options(), signal: stopping.signal, onResult })).rejects.toBe(reason);
    expect(await get([entries[0] ?? ""], options())).toEqual({ stored: 1, failed: 0, invalid: 0 });
    expect(mine.origin.requestsOf(FILE).filter(({ method }) => method === "GET")).toHaveLength(1);
  });

  it("a signal also ends the wait for entries that do not come", async () => {
    const stopping = new AbortController();
    async function* never() {
      yield mine.origin.urlOf(FILE);
      stopping.abort();
      await new Promise(() => undefined);
    }
    const call = get(never(), { ...options(), signal: stopping.signal });
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
  });

  it("leaving the loop over getEach stops the work, and gives the directory back", async () => {
    const urls: string[] = [];
    for await (const result of getEach([mine.origin.urlOf(FILE), slow()], options())) {
      urls.push(result.url);
      break;
    }
    expect(urls).toEqual([mine.origin.urlOf(FILE)]);
    expect(await get([mine.origin.urlOf(OTHER)], options())).toMatchObject({ stored: 1 });
  });

  it("getEach yields every result, and throws what get throws", async () => {
    const entries = [FILE, OTHER, GONE].map((file) => mine.origin.urlOf(file));
    const results: Result[] = [];
    for await (const result of getEach(entries, options())) results.push(result);
    expect(results.map(({ url }) => url).sort()).toEqual(entries.sort());
    await expect(getEach(["no URL"], options()).next()).rejects.toBeInstanceOf(GetError);
  });
});

describe.each([
  { name: "Node 22.13", ...inject("oldest") },
  { name: "Node 24", path: process.execPath },
])("a program on $name", ({ path: node = "", trouble = "" }) => {
  it("runs once although its code is an argument, and prints nothing but what it prints itself", async ({ skip }) => {
    skip(node === "", trouble);
    const program = `import { get } from "fetchonce";
      console.log(JSON.stringify(await get(${JSON.stringify([mine.origin.urlOf(FILE)])}, ${JSON.stringify(options())})));`;
    const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
    expect(await run(node, node, ...args)).toEqual({
      code: 0,
      stdout: '{"stored":1,"failed":0,"invalid":0}\n',
      stderr: "",
    });
  });
});

describe("types", () => {
  const STRICT = ["--strict", "--exactOptionalPropertyTypes", "--module", "nodenext", "--target", "es2024", "--noEmit"];
  const tsc = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
  const check = async (name: string, program: string) => {
    await writeFile(join(installed, name), program);
    return run(process.execPath, process.execPath, tsc, ...STRICT, "--lib", "es2024,dom", "--types", "", name);
  };

  it("a strict program with every option compiles", async () => {
    const ended = await check(
      "right.ts",
      `import { get, getEach, GetError, type Entry, type GetOptions, type Result, type Summary } from "fetchonce";
      const entries: Entry[] = ["https://a.example/", new URL("https://b.example/"), { url: "https://c.example/" }];
      const options: GetOptions = { out: "papers", jobs: 8, names: "column:title", signal: AbortSignal.timeout(1) };
      const summary: Summary = await get(entries, { ...options, onResult: (result: Result) => void result.file });
      for await (const { url, reason } of getEach(new Set(entries), options)) void [url, reason, summary.stored];
      try { await get([], options) } catch (error) {
        if (error instanceof GetError && error.code === "machine") throw error;
      }`,
    );
    expect(ended).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("a strict producer compiles with entries and answers as the AWS SDK declares them", async () => {
    const ended = await check(
      "producer.ts",
      `import { InvalidJobError, type Job, jobIdOf, NotSentError, Producer, type RefusedJob, type Sent } from "fetchonce";
      interface Entry { Id: string | undefined; MessageBody: string | undefined; MessageGroupId?: string | undefined }
      interface Failed { Id: string | undefined; SenderFault: boolean | undefined; Code: string | undefined; Message?: string | undefined }
      interface Answer { Successful: { Id: string | undefined; MessageId: string | undefined }[] | undefined; Failed: Failed[] | undefined }
      declare const sdk: { send(input: { QueueUrl: string; Entries: Entry[] | undefined }): Promise<Answer> };
      const refused: RefusedJob[] = [];
      const producer = new Producer({
        sendBatch: async (Entries) => sdk.send({ QueueUrl: "...", Entries }), batchesInFlight: 4, onRefused: (each) => void refused.push(each),
      });
      const job: Job = { url: "https://a.example/", expect: { type: "image/*" }, metadata: { a: [1] } };
      const id: string = await producer.send(job);
      for await (const { error, job_id } of producer.sendAll([job])) void [error?.message, job_id, id, jobIdOf(job)];
      try { await producer.flush() } catch (error) {
        if (error instanceof NotSentError) void error.refused[0]?.code;
        if (error instanceof InvalidJobError) void error.problems[0]?.field;
      }
      void (undefined as Sent | undefined);`,
    );
    expect(ended).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("an option that does not exist, and a directory that is missing, are errors", async () => {
    const { code, stdout } = await check(
      "wrong.ts",
      `import { get } from "fetchonce";
      await get([], {});
      await get([], { out: "papers", job: 8 });`,
    );
    expect(code).not.toBe(0);
    expect(stdout).toContain("Property 'out' is missing");
    expect(stdout).toContain("'job' does not exist in type 'GetOptions'");
  });
});
