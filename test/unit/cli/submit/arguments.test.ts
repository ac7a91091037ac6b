import { describe, expect, it } from "vitest";
import { parseArguments } from "../../../../cli/get/arguments.ts";
import { UsageError } from "../../../../cli/terminal/usage-error.ts";
import { parsed, QUEUE_URL } from "./support.ts";

describe("the command line of fetchonce submit", () => {
  const defaults = {
    command: "submit",
    list: "a.csv",
    place: { stack: "fetchonce-prod" },
    reading: { format: undefined, urlColumn: undefined, metadata: true },
    skipInvalid: false,
    batch: true,
    progress: undefined,
    again: false,
    dryRun: false,
    output: "progress",
  };

  it.each([
    { args: "--stack fetchonce-prod", changes: {} },
    { args: `--queue-url ${QUEUE_URL}`, changes: { place: { queueUrl: QUEUE_URL }, batch: false } },
    { args: "--dry-run", changes: { place: undefined, dryRun: true, batch: false } },
    {
      args: "--stack fetchonce-prod --format jsonl --url-column link --no-metadata",
      changes: { reading: { format: "jsonl", urlColumn: "link", metadata: false } },
    },
    { args: "--stack fetchonce-prod --no-batch", changes: { batch: false } },
    {
      args: "--stack fetchonce-prod --skip-invalid --again --progress p.json --json",
      changes: { skipInvalid: true, again: true, progress: "p.json", output: "json" },
    },
  ])("a.csv $args", ({ args, changes }) => {
    expect(parsed(["a.csv", ...args.split(" ")])).toEqual({ ...defaults, ...changes });
  });

  it.each([
    { args: "a.csv", says: "Name the deployment by its data stack, such as --stack fetchonce-prod" },
    { args: "--stack s", says: "missing required argument 'LIST'" },
    { args: "a.csv b.csv --stack s", says: "too many arguments" },
    { args: "a.csv --stack s --queue-url https://sqs.example/1/w", says: "cannot be used with" },
    { args: "a.csv --queue-url work", says: "It must be the URL of a queue" },
    { args: "a.csv --stack s --format xlsx", says: "Allowed choices are txt, csv" },
  ])("refuses: submit $args", ({ args, says }) => {
    const parse = () => parseArguments(["submit", ...args.split(" ")], {}, "1.2.3");
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(says);
  });

  it("has a help that names the exit codes", () => {
    expect(parseArguments(["submit", "--help"], {}, "1.2.3")).toMatch(/Exit code: 0 all sent, 1 the queue refused/);
  });
});
