import { describe, expect, it } from "vitest";
import { parseArguments } from "../../../cli/get/arguments.ts";
import { jobIdOf } from "../../../core/model/keys.ts";
import { BatchWorld, ID, jobAt } from "../core/batches/support.ts";
import { ListsWorld, urlsOf } from "../core/lists/support.ts";
import { operated, type Operated } from "./operated.ts";

const FILES = [
  [1, 2, 5],
  [3, 10],
] as const;
const STACK = ["--stack", "fetchonce-prod"];

class Deployment {
  readonly b = new BatchWorld();

  async run(...argv: readonly string[]): Promise<Operated> {
    const { files, world } = this.b;
    return operated([...argv, ...STACK], {
      clock: world.clock,
      tableOf: () => ({ clock: world.clock, items: world.items }),
      batchesIn: () => ({ files, ids: async () => Promise.resolve([ID]) }),
    });
  }
}

async function halfWay(): Promise<Deployment> {
  const deployment = new Deployment();
  await deployment.b.submit(...FILES);
  await deployment.b.world.clock.advance(10_000);
  await deployment.b.work(1, 2, 5);
  return deployment;
}

describe("fetchonce batch", () => {
  it("status says how far a batch is, from its jobs' own records", async () => {
    const deployment = await halfWay();
    const { code, stdout } = await deployment.run("batch", "status", ID);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        `Batch ${ID}  list.csv`,
        "waiting for its jobs to end; submitted 2027-01-15T08:00:00.000Z",
        "  INDEXED    1",
        "  DEDUPED    1",
        "  FAILED     1",
        "  not begun  2",
        "3 of 5 lines have ended: 0.3 a second, about 6.7 s left",
        "Failed of: http_404 1",
        "",
      ].join("\n"),
    );
  });

  it("status says where the report of a batch is that has ended, for programs too", async () => {
    const deployment = await halfWay();
    await deployment.b.work(3, 10);
    await deployment.b.follow(2);
    expect((await deployment.run("batch", "status", ID)).stdout).toContain(
      `\n5 of 5 lines have ended: 0.5 a second\nFailed of: http_404 2\nReport: s3://archive-of-prod/batches/${ID}/report-1/\n`,
    );
    expect(JSON.parse((await deployment.run("batch", "status", ID, "--json")).stdout)).toEqual({
      type: "batch",
      id: ID,
      name: "list.csv",
      phase: "ended",
      lines: 5,
      revision: 1,
      submitted_at_ms: 1_800_000_000_000,
      ended_at_ms: 1_800_000_010_000,
      states: { INDEXED: 1, DEDUPED: 2, FAILED: 2 },
      not_begun: 0,
      reasons: { http_404: 2 },
      done: 5,
      per_second: 0.5,
      left_ms: null,
      report: `s3://archive-of-prod/batches/${ID}/report-1/`,
    });
  });

  it("list names the batches", async () => {
    const deployment = await halfWay();
    expect((await deployment.run("batch", "list")).stdout).toBe(
      `${ID}  waiting    2027-01-15T08:00:00.000Z  5 lines  list.csv\n1 batch.\n`,
    );
    const [first] = (await deployment.run("batch", "list", "--json")).stdout.split("\n");
    expect(JSON.parse(first ?? "")).toMatchObject({ type: "batch", id: ID, phase: "waiting", lines: 5 });
  });

  it.each(["status", "retry"])("%s says how to find the batches if there is none of that id", async (command) => {
    const { code, stderr } = await (await halfWay()).run("batch", command, "other");
    expect([code, stderr]).toEqual([
      1,
      "There is no batch other in fetchonce-prod. Those that there are: npm start -- batch list --stack fetchonce-prod.\n",
    ]);
  });

  it.each([
    [["batch", "watch"], "unknown command 'watch'"],
    [["batch", "status"], "missing required argument 'ID'"],
    [["batch", "status", "a/b"], "It must be the id of a batch, as submit prints it"],
    [["jobs", "--batch", "../x"], "It must be the id of a batch, as submit prints it"],
  ])("%j is wrong usage", async (argv, says) => {
    const { code, stderr } = await operated(argv.includes("watch") ? argv : [...argv, ...STACK]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
  });

  it("redrive failed takes a batch, but not with --table", () => {
    const parse = (...argv: readonly string[]) => parseArguments(["redrive", "failed", ...argv], {}, "1.2.3");
    expect(parse(...STACK, "--batch", ID)).toMatchObject({ args: { command: "failed", batch: ID } });
    expect(() => parse("--table", "t", "--queue-url", "https://sqs.example/1/q", "--batch", ID)).toThrow(
      /cannot be used with option '--table/,
    );
  });
});

describe("fetchonce jobs --batch", () => {
  it.each<[readonly string[], readonly number[]]>([
    [[], [1, 2, 5]],
    [["--state", "FAILED"], [5]],
    [["--reason", "404"], [5]],
    [["--class", "origin"], [5]],
    [["--class", "system"], []],
    [
      ["--work", "work"],
      [1, 2, 5],
    ],
    [["--work", "other"], []],
  ])("%j: lists the batch's jobs alone, for a read unit each", async (args, expected) => {
    const deployment = await halfWay();
    await deployment.b.work(77);
    const { code, stdout } = await deployment.run("jobs", "--batch", ID, "--json", ...args);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly job_id?: string });
    expect(new Set(lines.flatMap(({ job_id }) => job_id ?? []))).toEqual(
      new Set(expected.map((n) => jobIdOf(jobAt(n)))),
    );
    expect(lines.at(-1)).toMatchObject({ scanned: 3, read_units: 3 });
  });
});

describe("fetchonce batch, of lists that somebody has put into S3", () => {
  class Lists {
    readonly w = new ListsWorld();

    async run(...argv: readonly string[]): Promise<Operated> {
      const { files, world } = this.w;
      const ids = new Set([...files.all.keys()].map((key) => key.split("/")[1] ?? ""));
      return operated([...argv, ...STACK], {
        clock: world.clock,
        tableOf: () => ({ clock: world.clock, items: world.items }),
        batchesIn: () => ({ files, ids: async () => Promise.resolve([...ids]) }),
      });
    }
  }

  it("says how far the check of a list is, and then the sending", async () => {
    const lists = new Lists();
    const id = lists.w.put("urls.txt", urlsOf(7).join("\n"));
    lists.w.onChunk = async () => lists.w.world.clock.advance(10);
    await lists.w.run({ expandsForMs: 1 });
    lists.w.onChunk = () => undefined;
    expect((await lists.run("batch", "status", id)).stdout).toBe(
      `List ${id}  s3://archive/lists/urls.txt\nits lines are being checked: 0 so far; found 2027-01-15T08:00:00.000Z\n`,
    );
    expect((await lists.run("batch", "list")).stdout).toBe(
      `${id}  checking   2027-01-15T08:00:00.000Z  0 lines so far  s3://archive/lists/urls.txt\n0 batches. 1 list that is none.\n`,
    );
    const cancelled = await lists.run("batch", "cancel", id);
    expect([cancelled.code, cancelled.stderr]).toEqual([
      1,
      `The list ${id} is still being checked, and nothing of it was sent. To stop it, remove its object s3://archive/lists/urls.txt: it is refused then.\n`,
    ]);
    lists.w.sendBatch = async () => Promise.reject(new Error("the queue is down"));
    await lists.w.run();
    const { code, stdout } = await lists.run("batch", "status", id);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Its jobs are being sent: 0 of 3 files so far\n$/)]);
    expect((await lists.run("batch", "list")).stdout).toMatch(/waiting .* 7 lines .*\n1 batch\.\n$/);
  });

  /** A list of three files, whose second one is being sent. */
  async function beingSent(onSecond: (lists: Lists, id: string) => Promise<void>) {
    const lists = new Lists();
    const id = lists.w.put("urls.txt", urlsOf(9).join("\n"));
    const { sendBatch } = lists.w;
    let requests = 0;
    lists.w.sendBatch = async (entries) => {
      requests += 1;
      if (requests === 2) await onSecond(lists, id);
      return sendBatch(entries);
    };
    await lists.w.run();
    return { lists, id };
  }

  it("ends the sending of a list with its batch", async () => {
    let said = "";
    const { id, lists } = await beingSent(async (during, batch) => {
      said = (await during.run("batch", "cancel", batch)).stdout;
    });
    expect(said).toMatch(/9 jobs cancelled\.\nThe list was still being sent\. The rest of it is not\.\n$/);
    await lists.w.runs(2);
    expect(lists.w.urls).toEqual(urlsOf(6));
    expect(lists.w.list(id)).toMatchObject({ phase: "sent", filesSent: 1 });
    expect((await lists.run("batch", "cancel", id)).stdout).toMatch(/0 jobs cancelled\.\n9 jobs had ended before\.\n$/);
  });

  it.each([[["--dry-run"]], [["--host", "other.example"]]])(
    "goes on sending it after a cancel with %j",
    async (args) => {
      const { lists } = await beingSent(async (during, batch) => {
        await during.run("cancel", "--batch", batch, ...args);
      });
      expect(lists.w.urls).toEqual(urlsOf(9));
    },
  );

  it("says why a list was refused, and which of its lines are at fault, for programs too", async () => {
    const lists = new Lists();
    const id = lists.w.put("urls.txt", "https://a.example/1\nno URL\n");
    await lists.w.run();
    const { stdout } = await lists.run("batch", "status", id);
    expect(stdout).toMatch(/^Refused, and nothing of it was sent: 1 problem; correct its lines and put it again/m);
    expect(stdout).toContain("  s3://archive/lists/urls.txt, line 2, url: ");
    expect(JSON.parse((await lists.run("batch", "status", id, "--json")).stdout)).toMatchObject({
      type: "list",
      id,
      phase: "refused",
      lines: 1,
      invalid_lines: 1,
      reason: expect.stringMatching(/^1 problem/) as string,
    });
    expect((await lists.run("batch", "list", "--json")).stdout).toContain('"batches":0,"lists":1');
    expect((await lists.run("batch", "cancel", id)).stderr).toMatch(/was refused.*: it has no jobs\.\n$/);
  });
});
