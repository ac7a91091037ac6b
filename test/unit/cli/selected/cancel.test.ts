import { describe, expect, it } from "vitest";
import { parseArguments } from "../../../../cli/get/arguments.ts";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import { jobIdOf as idOfUrl } from "../../../../core/producer/check-job.ts";
import { lineText, writeLines } from "../../../../core/batches/batch-lines.ts";
import { ID, jobAt } from "../../core/batches/support.ts";
import { operated } from "../operated.ts";
import { Deployment, jsonLines, STACK } from "./deployment.ts";

describe("fetchonce cancel", () => {
  it("ends one job by its id, and says so", async () => {
    const deployment = new Deployment();
    await deployment.b.work(1, 2);
    const id = jobIdOf(jobAt(1));
    expect(await deployment.run("cancel", id)).toMatchObject({
      code: 0,
      stdout: `cancelled   ${id}  https://here.example/file-1\n1 job cancelled.\n`,
      stderr: expect.stringContaining('"reason":"cancelled"') as string,
    });
    expect([deployment.stateOf(1), deployment.stateOf(2)]).toEqual(["cancelled", "STREAMING"]);
    expect((await deployment.run("cancel", id)).stdout).toBe(
      `ended       ${id}  https://here.example/file-1\n0 jobs cancelled.\n1 job had ended before.\n`,
    );
  });

  it("ends a job by its URL before it has begun, and says how it could be another one", async () => {
    const deployment = new Deployment();
    const url = "https://here.example/never-begun";
    const { code, stdout } = await deployment.run("cancel", url);
    expect([code, stdout]).toEqual([
      0,
      `cancelled   ${idOfUrl({ url })}  ${url}\n1 job cancelled.\nIt had not begun. If its message names another work_id or artifact_id, it is another job: give --work and --artifact.\n`,
    ]);
    expect(deployment.b.world.items.all.get(jobItemKey(idOfUrl({ url })))).toMatchObject({
      state: "FAILED",
      reason: "cancelled",
      work_id: "here.example",
    });
  });

  it("takes what a URL's message says besides", async () => {
    const deployment = new Deployment();
    await deployment.b.work(3);
    const { url, work_id: work, artifact_id: artifact } = jobAt(3);
    await deployment.run("cancel", url, "--work", work, "--artifact", artifact);
    expect(deployment.stateOf(3)).toBe("cancelled");
  });

  it("cannot end a job by its id before it has begun, and says why", async () => {
    const { code, stderr } = await new Deployment().run("cancel", "0".repeat(32));
    expect([code, stderr]).toEqual([1, expect.stringContaining("no worker has taken it yet")]);
  });

  it("ends all jobs of a batch, begun or not, and leaves those that have ended", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1, 2, 5], [3]);
    await deployment.b.work(1, 77);
    const { code, stdout } = await deployment.run("batch", "cancel", ID, "--json");
    expect(code).toBe(0);
    expect(jsonLines(stdout).at(-1)).toEqual({ type: "summary", cancelled: 4, ended: 0, selected: 0, unreadable: 0 });
    expect([1, 2, 3, 5, 77].map((n) => deployment.stateOf(n))).toEqual([
      ...Array.from({ length: 4 }, () => "cancelled"),
      "STREAMING",
    ]);
    await deployment.b.follow(2);
    expect(deployment.b.told).toMatchObject([{ failed: 4, reasons: { cancelled: 4 } }]);
    expect((await deployment.run("batch", "cancel", ID)).stdout).toMatch(
      /\n0 jobs cancelled\.\n4 jobs had ended before\.\n$/,
    );
  });

  it("reconstructs the message of a line that has not begun, its metadata included", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1]);
    const message = { ...jobAt(9), metadata: { row: 9 } };
    const plain = jobAt(8);
    const lines = [
      lineText(jobIdOf(message), JSON.stringify(message), message.metadata),
      lineText(jobIdOf(plain), JSON.stringify(plain), { row: 8 }),
    ];
    await writeLines(deployment.b.files, ID, 0, lines.map((line) => `${line}\n`).join(""));
    await deployment.run("cancel", "--batch", ID);
    const recordOf = (n: number) => deployment.b.world.items.all.get(jobItemKey(jobIdOf(jobAt(n))));
    expect(recordOf(9)?.["order"]).toEqual({ metadata: { row: 9 } });
    expect(recordOf(8)).toMatchObject({ reason: "cancelled" });
    expect(recordOf(8)).not.toHaveProperty("order");
  });

  it("says which line of a batch is damaged", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1]);
    const line = { job_id: "a", url: "https://here.example/x", work_id: "", artifact_id: "x" };
    await writeLines(deployment.b.files, ID, 0, `${JSON.stringify(line)}\n`);
    const { code, stderr } = await deployment.run("batch", "cancel", ID);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/the line of https:\/\/here.example\/x is no message: work_id/),
    ]);
  });

  it.each<[readonly string[], readonly number[]]>([
    [["--host", "gone.example"], [5]],
    [
      ["--work", "work"],
      [1, 2, 5],
    ],
    [["--work", "other"], []],
    [
      ["--older-than", "5s"],
      [1, 2],
    ],
    [["--newer-than", "5s"], [5]],
    [["--host", "here.example", "--newer-than", "5s"], []],
  ])("%j: ends the selected jobs of the table that are open", async (args, expected) => {
    const deployment = new Deployment();
    await deployment.b.work(1, 2);
    await deployment.b.world.clock.advance(10_000);
    await deployment.b.work(5);
    const dry = await deployment.run("cancel", ...args, "--dry-run");
    expect(dry.stdout).toContain(
      `${expected.length} job${expected.length === 1 ? "" : "s"} would be cancelled. Nothing was`,
    );
    expect([1, 2, 5].filter((n) => deployment.stateOf(n) === "cancelled")).toEqual([]);
    const { code, stdout } = await deployment.run("cancel", ...args);
    expect([code, stdout]).toEqual([0, expect.stringContaining("Scanned 3 items for 1.5 read units.")]);
    expect([1, 2, 5].filter((n) => deployment.stateOf(n) === "cancelled")).toEqual(expected);
  });

  it.each([[["cancel", "--work", "work"]], [["cancel", "--batch", ID]], [["cancel", jobIdOf(jobAt(1))]]])(
    "%j: leaves a record that cannot be read, ends the others, and fails",
    async (args) => {
      const deployment = new Deployment();
      await deployment.b.submit([1, 2]);
      await deployment.b.work(1, 2);
      const { items } = deployment.b.world;
      await items.write({ key: jobItemKey(jobIdOf(jobAt(1))), when: [[]], set: { fence: "nine" } });
      const { code, stderr, stdout } = await deployment.run(...args);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining("1 record cannot be read, so nothing was cancelled there."),
      ]);
      expect(stdout).toContain(`unreadable  ${jobIdOf(jobAt(1))}  https://here.example/file-1\n`);
      expect(deployment.stateOf(2)).toBe(args.length > 2 ? "cancelled" : "STREAMING");
    },
  );

  it("ends a part of a batch alone, and nothing in a dry run", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1, 2, 5]);
    expect((await deployment.run("cancel", "--batch", ID, "--dry-run")).stdout).toMatch(/3 jobs would be cancelled/);
    await deployment.run("cancel", "--batch", ID, "--host", "gone.example");
    expect([1, 2, 5].map((n) => deployment.stateOf(n))).toEqual([undefined, undefined, "cancelled"]);
  });
});

describe("wrong usage of cancel", () => {
  it.each<[readonly string[], string]>([
    [[], "Say what to cancel: a job's id or URL, --batch, --host, --work, --older-than or --newer-than."],
    [["nothing"], "nothing is neither a job's id (32 hex digits) nor a URL."],
    [["https://a.example/x", "--batch", ID], "Name a job, or give --batch, --host or an age."],
    [["https://a.example/x", "--older-than", "1h"], "Name a job, or give --batch, --host or an age."],
    [["--artifact", "x"], "Give the URL too."],
    [["--batch", ID, "--newer-than", "1h"], "--batch knows no ages"],
    [["--older-than", "2h", "--newer-than", "1h"], "--older-than must be shorter than --newer-than"],
    [["--batch", "a/b"], "It must be the id of a batch, as submit prints it"],
  ])("%j exits with 2 and says what to write", async (argv, sentence) => {
    const { code, stderr, stdout } = await operated(["cancel", ...argv, ...STACK]);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(sentence)]);
  });

  it("needs a deployment", () => {
    expect(() => parseArguments(["cancel", "--host", "a.example"], {}, "1.2.3")).toThrow(/--stack/);
  });
});
