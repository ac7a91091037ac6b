import { describe, expect, it } from "vitest";
import type { DocumentDeps } from "../../../core/document/change-document.ts";
import { GATE_KEY } from "../../../core/gate/gate-document.ts";
import { type Operated, operated } from "./operated.ts";
import { simulatedItems } from "../../simulation/services/items.ts";
import { simulatedClock } from "../../simulation/world.ts";

const SIGNED = ["--table", "jobs", "--by", "ada", "--reason", "INC-7"];

/** One table, and a function that runs gate commands on it and returns their output. */
function table(items = simulatedItems(), clock = simulatedClock()) {
  const asked: string[] = [];
  const deps = (name: string): DocumentDeps => {
    asked.push(name);
    return { clock, items };
  };
  const gate = async (...argv: readonly string[]): Promise<Operated> => operated(["gate", ...argv], { tableOf: deps });
  return { asked, clock, gate, items };
}

describe("fetchonce gate", () => {
  it("status says that there is no gate document yet, and writes nothing", async () => {
    const { asked, gate, items } = table();
    const { code, stdout } = await gate("status", "--table", "jobs");
    expect([code, stdout]).toEqual([0, expect.stringContaining("There is no gate document")]);
    expect([asked, items.history]).toEqual([["jobs"], []]);
  });

  it("finds the table by the name of the stack", async () => {
    const { asked, gate } = table();
    expect(await gate("status", "--stack", "fetchonce-prod")).toMatchObject({ code: 0, stderr: "" });
    expect(asked).toEqual(["jobs-of-prod"]);
  });

  it("runs all commands of a rollout, and status lists who did what, newest first", async () => {
    const { clock, gate } = table();
    const steps = [["off"], ["start"], ["pause"], ["resume"], ["set", "12.5"]];
    for (const step of steps) {
      expect(await gate(...step, ...SIGNED)).toMatchObject({ code: 0, stderr: "" });
      await clock.advance(1000);
    }
    expect((await gate("status", "--table", "jobs")).stdout).toBe(
      [
        "At most 12.5 % of jobs take the exactly-once path: set by hand (version 5).",
        "",
        "History (names are as the callers gave them):",
        "  5  2027-01-15T08:00:04.000Z  5 % -> 12.5 %  set, by ada: INC-7",
        "  4  2027-01-15T08:00:03.000Z  5 % -> 5 %  baking, by ada: INC-7",
        "  3  2027-01-15T08:00:02.000Z  5 % -> 5 %  paused, by ada: INC-7",
        "  2  2027-01-15T08:00:01.000Z  0 % -> 5 %  baking, by ada: INC-7",
        "  1  2027-01-15T08:00:00.000Z  none -> 0 %  off, by ada: INC-7",
        "",
      ].join("\n"),
    );
  });

  it("--json has the document, after a change as well", async () => {
    const { gate, clock } = table();
    expect(JSON.parse((await gate("status", "--table", "jobs", "--json")).stdout)).toBeNull();
    const document = { version: 1, percent: 0, phase: "off", retreatTo: 0 };
    const change = { version: 1, atMs: clock.nowMs(), by: "ada", to: 0, phase: "off", reason: "INC-7" };
    for (const argv of [
      ["off", ...SIGNED],
      ["status", "--table", "jobs"],
    ])
      expect(JSON.parse((await gate(...argv, "--json")).stdout)).toEqual({ ...document, history: [change] });
  });

  it("status shows since when a step has been baking, and since when the alarms cannot be read", async () => {
    const { gate, items } = table();
    await gate("off", ...SIGNED);
    await gate("start", ...SIGNED);
    const set = { baked_from: 1_800_000_000_000, blind_from: 1_800_000_060_000 };
    await items.write({ key: GATE_KEY, when: [[]], set });
    const { stdout } = await gate("status", "--table", "jobs");
    expect(stdout).toContain(
      "\nThe step has been baking since 2027-01-15T08:00:00.000Z.\nThe alarms have been unreadable since 2027-",
    );
  });

  it("prints help with --help and exits with 0", async () => {
    expect(await table().gate("--help")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: fetchonce gate [^]*Exit code: 0 done/),
      stderr: "",
    });
  });

  it.each<[string[], string]>([
    [[], "Write one of status, start, off, pause, resume and set.\nTry: npm start -- gate --help\n"],
    [["of", ...SIGNED], "unknown command 'of'"],
    [["status"], "Name the deployment by its data stack, such as --stack fetchonce-prod."],
    [["status", "--stack", "prod"], "There is no stack prod."],
    [["status", "--stack", "fetchonce-prod", "--table", "jobs"], "cannot be used with option '--table <NAME>'"],
    [["off", "--table", "jobs", "--reason", "x"], "required option '--by <WHO>' not specified"],
    [["off", "--table", "jobs", "--by", "x"], "required option '--reason <TEXT>' not specified"],
    [["off", "--table", "jobs", "--by", " ", "--reason", "x"], "It must have 1 to 64 characters."],
    [["off", "--table", "jobs", "--by", "x", "--reason", "r".repeat(201)], "It must have 1 to 200 characters."],
    [["set", ...SIGNED], "missing required argument 'PERCENT'"],
    [["set", "101", ...SIGNED], "It must be a percentage from 0 to 100."],
    [["set", "half", ...SIGNED], "It must be a percentage from 0 to 100."],
    [["off", "now", ...SIGNED], "too many arguments for 'off'."],
    [["start", ...SIGNED], "There is no gate document: the workers' variable alone decides"],
    [["resume", ...SIGNED], "No rollout is paused"],
  ])("exits with 2, an explanation and no write for %j", async (argv, sentence) => {
    const { gate, items } = table();
    const { code, stdout, stderr } = await gate(...argv);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(sentence)]);
    expect(items.history).toEqual([]);
  });

  it.each<[string, () => Promise<never>, string]>([
    ["a table that does not answer", async () => Promise.reject(new Error("ResourceNotFound")), "in the table jobs"],
    ["a damaged document", async () => Promise.resolve({ pk: GATE_KEY } as never), "item GATE is damaged"],
  ])("exits with 1 and an explanation for %s", async (_what, read, sentence) => {
    const { gate } = table({ ...simulatedItems(), read });
    const { code, stderr } = await gate("off", ...SIGNED);
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  });
});
