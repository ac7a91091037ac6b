import { describe, expect, it } from "vitest";
import { parseArguments } from "../../../cli/get/arguments.ts";
import { operated } from "./operated.ts";

const QUEUE = "https://sqs.us-east-1.amazonaws.com/1/work";
const DEAD = "https://sqs.us-east-1.amazonaws.com/1/dead";
const FAILED = ["failed", "--table", "jobs", "--queue-url", QUEUE];
const DEAD_LETTERS = ["dead-letters", "--from", DEAD, "--to", QUEUE];

describe("the command line of redrive", () => {
  const failed = { command: "failed", table: "jobs", queueUrl: QUEUE, limit: 1000 };
  it.each<[string[], object]>([
    [FAILED, failed],
    [[...FAILED, "--class", "origin"], { ...failed, class: "origin" }],
    [[...FAILED, "--reason", "http_503", "--limit", "5"], { ...failed, reason: "http_503", limit: 5 }],
    [
      [...FAILED, "--older-than", "90m", "--newer-than", "2d"],
      { ...failed, olderThan: 5_400_000, newerThan: 172_800_000 },
    ],
    [[...FAILED, "--older-than", "30s", "--dry-run"], { ...failed, olderThan: 30_000, dryRun: true }],
    [[...FAILED, "--newer-than", "3h"], { ...failed, newerThan: 10_800_000 }],
    [["failed", "--stack", "prod"], { command: "failed", stack: "prod", limit: 1000 }],
    [["dead-letters", "--stack", "prod", "--dry-run"], { command: "dead-letters", stack: "prod", dryRun: true }],
    [DEAD_LETTERS, { command: "dead-letters", from: DEAD, to: QUEUE }],
    [[...DEAD_LETTERS, "--dry-run"], { command: "dead-letters", from: DEAD, to: QUEUE, dryRun: true }],
  ])("accepts %j", (argv, expected) => {
    expect(parseArguments(["redrive", ...argv], {}, "1.2.3")).toEqual({ command: "redrive", args: expected });
  });

  it.each([[["--help"]], [["failed", "--help"]], [["dead-letters", "--help"]]])("prints help for %j", (argv) => {
    expect(parseArguments(["redrive", ...argv], {}, "1.2.3")).toContain("Usage: fetchonce redrive");
  });
});

describe("wrong usage of redrive", () => {
  it.each<[string[], string]>([
    [[], "The command is missing. Write failed or dead-letters."],
    [["everything"], "unknown command 'everything'"],
    [["failed"], "Name the deployment by its data stack, such as --stack fetchonce-prod. In its place: --table and"],
    [["failed", "--table", "jobs"], "In its place: --table and --queue-url."],
    [[...FAILED, "--stack", "fetchonce-prod"], "cannot be used with option '--table <NAME>'"],
    [["failed", "--stack", "prod"], "There is no stack prod."],
    [["failed", "--table", "jobs", "--queue-url", "work"], "It must be the URL of a queue"],
    [[...FAILED, "--class", "bad"], "Allowed choices are origin, policy, system."],
    [[...FAILED, "--limit", "0"], "It must be a whole number above 0."],
    [[...FAILED, "--older-than", "soon"], "It must be a number followed by s, m, h or d, such as 90m."],
    [[...FAILED, "--older-than", "2h", "--newer-than", "1h"], "--older-than must be shorter than --newer-than"],
    [[...FAILED, "more"], "too many arguments"],
    [["dead-letters", "--from", DEAD], "In its place: --from and --to."],
    [[...DEAD_LETTERS, "--stack", "fetchonce-prod"], "cannot be used with option '--from <URL>'"],
    [["dead-letters", "--stack", "prod"], "There is no stack prod."],
    [["dead-letters", "--from", QUEUE, "--to", QUEUE], "--from and --to are the same queue."],
  ])("exits with 2 and an explanation: %j", async (argv, sentence) => {
    const { code, stderr, stdout } = await operated(["redrive", ...argv]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(sentence);
  });

  it("has another exit code than an AWS failure, which exits with 1 and says that nothing is lost", async () => {
    const { code, stderr } = await operated(["redrive", ...FAILED]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "Stopped: Error: AWS must not be asked.\nNothing is lost. Fix the cause and run the same command again.\n",
    );
  });
});
