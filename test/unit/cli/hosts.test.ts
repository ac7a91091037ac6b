import { describe, expect, it } from "vitest";
import { NEW_HOST, writeHost, type HostRecord } from "../../../core/flow/host-record.ts";
import { HOST_RULES_KEY } from "../../../core/flow/host-rules-found.ts";
import { operated } from "./operated.ts";
import { simulatedItems } from "../../simulation/services/items.ts";
import { simulatedClock } from "../../simulation/world.ts";

const ON = ["--table", "jobs"];
const SIGNED = [...ON, "--reason", "they asked us to"];

function table(items = simulatedItems(), clock = simulatedClock()) {
  const asked: string[] = [];
  const hosts = async (...argv: readonly string[]) => {
    const tableOf = (name: string) => {
      asked.push(name);
      return { clock, items };
    };
    return operated(["hosts", ...argv], { clock, tableOf });
  };
  const note = async (host: string, record: Partial<HostRecord>) =>
    items.write(writeHost(host, NEW_HOST, { ...NEW_HOST, ...record }, "a worker", clock.nowMs()));
  return { asked, clock, hosts, items, note, nowMs: clock.nowMs() };
}

describe("fetchonce hosts", () => {
  it("status says that the environment decides, and writes nothing", async () => {
    const { hosts, items } = table();
    const { code, stdout } = await hosts("status", ...ON);
    expect([code, stdout]).toEqual([0, "Operators have set no rules: the environment's decide (hostLimits).\n"]);
    expect(items.history).toEqual([]);
  });

  it("finds the table by the name of the stack", async () => {
    const { asked, hosts } = table();
    const on = ["--stack", "fetchonce-prod"];
    for (const command of [["status"], ["show", "a.example"], ["set", "a.example", "4", "--reason", "x"]])
      expect(await hosts(...command, ...on)).toMatchObject({ code: 0, stderr: "" });
    expect(asked).toEqual(["jobs-of-prod", "jobs-of-prod", "jobs-of-prod"]);
  });

  it("sets and unsets rules; status lists the most exact one first, and who did what, newest first", async () => {
    const { clock, hosts } = table();
    for (const change of [
      ["set", "slow.example.org", "1,0.5/s", "--by", "bob"],
      ["set", "*", "4"],
      ["set", "*.Example.org", "unlimited"],
      ["set", "*", "8,1/s"],
      ["unset", "slow.example.org"],
    ]) {
      expect(await hosts(...change, ...SIGNED)).toMatchObject({ code: 0, stderr: "" });
      await clock.advance(1000);
    }
    expect((await hosts("status", ...ON)).stdout).toBe(
      [
        "Rules of operators (version 5). The first that fits a host decides, before all of the environment's:",
        "  *.example.org  unlimited  (2027-01-15T08:00:02.000Z, by ada: they asked us to)",
        "  *  8 connections, 1 request a second  (2027-01-15T08:00:03.000Z, by ada: they asked us to)",
        "",
        "History (names are as the callers gave them):",
        "  5  2027-01-15T08:00:04.000Z  slow.example.org: 1 connection, 0.5 requests a second -> no rule, by ada: they asked us to",
        "  4  2027-01-15T08:00:03.000Z  *: 4 connections -> 8 connections, 1 request a second, by ada: they asked us to",
        "  3  2027-01-15T08:00:02.000Z  *.example.org: no rule -> unlimited, by ada: they asked us to",
        "  2  2027-01-15T08:00:01.000Z  *: no rule -> 4 connections, by ada: they asked us to",
        "  1  2027-01-15T08:00:00.000Z  slow.example.org: no rule -> 1 connection, 0.5 requests a second, by bob: they asked us to",
        "",
      ].join("\n"),
    );
  });

  it("status --json has the document", async () => {
    const { hosts, nowMs } = table();
    expect(JSON.parse((await hosts("status", ...ON, "--json")).stdout)).toBeNull();
    await hosts("set", "a.example", "4,2/s", ...SIGNED);
    const said = { pattern: "a.example", atMs: nowMs, by: "ada", reason: "they asked us to" };
    const limits = { connections: 4, perSecond: 2 };
    expect(JSON.parse((await hosts("status", ...ON, "--json")).stdout)).toEqual({
      version: 1,
      rules: [{ ...said, limits }],
      history: [{ ...said, version: 1, to: limits }],
    });
  });

  it("show says how a healthy host is used, and which rule decides", async () => {
    const { hosts, note, nowMs } = table();
    const holders = {
      a: { connections: 3, untilMs: nowMs + 60_000, turnsMs: [nowMs + 500] },
      b: { connections: 1, untilMs: nowMs + 1, turnsMs: [] },
      dead: { connections: 9, untilMs: nowMs, turnsMs: [] },
    };
    await note("a.example:8443", { holders, nextAtMs: nowMs + 500, crawlMs: 1_500, queuedUntilMs: nowMs + 60_000 });
    await hosts("set", "*.example", "4", ...SIGNED);
    expect((await hosts("show", "A.example:8443", ...ON)).stdout).toBe(
      [
        "a.example:8443, at 2027-01-15T08:00:00.000Z:",
        "Limits: 4 connections, by the operators' rule *.example (2027-01-15T08:00:00.000Z, by ada: they asked us to).",
        "Connections: 4 held by 2 worker processes.",
        "Its robots.txt asks for 1.5 s between two requests.",
        "The next request may be sent at 2027-01-15T08:00:00.500Z.",
        "Jobs wait for it, told to come back until 2027-01-15T08:01:00.000Z.",
        "It is well.",
        "",
      ].join("\n"),
    );
  });

  it("show says how a sick host is, and until when", async () => {
    const { hosts, note, nowMs } = table();
    await note("a.example", {
      share: 0.25,
      slowedAtMs: nowMs - 60_000,
      restUntilMs: nowMs + 30_000,
      failures: 6,
      downSinceMs: nowMs - 5_000,
      probeAtMs: nowMs + 10_000,
    });
    expect((await hosts("show", "a.example", ...ON)).stdout).toBe(
      [
        "a.example, at 2027-01-15T08:00:00.000Z:",
        "Limits: no rule of operators fits, so the environment decides (hostLimits).",
        "Connections: none is held. (They are counted only where a limit says how many.)",
        "It gets 35 % of its limits: it asked for less at 2027-01-15T07:59:00.000Z. It gets all of them again at 2027-01-15T08:06:30.000Z.",
        "It has asked to be left alone until 2027-01-15T08:00:30.000Z.",
        "It is down since 2027-01-15T07:59:55.000Z, after 6 failures in a row. The next request finds out whether it is back, at 2027-01-15T08:00:10.000Z.",
        "",
      ].join("\n"),
    );
  });

  it.each([
    [{ failures: 2 }, "Its last 2 requests failed; from five on it counts as down."],
    [undefined, "a.example: workers have noted nothing."],
  ])("show of a host with the record %j says: %s", async (record, sentence) => {
    const { hosts, note } = table();
    if (record) await note("a.example", record);
    expect((await hosts("show", "a.example", ...ON)).stdout).toContain(sentence);
  });

  it("show --json has the record and the rule", async () => {
    const { hosts, note, nowMs } = table();
    await note("a.example", { failures: 2 });
    expect(JSON.parse((await hosts("show", "a.example", ...ON, "--json")).stdout)).toEqual({
      host: "a.example",
      nowMs,
      record: { ...NEW_HOST, version: 1, failures: 2 },
    });
  });

  it("prints help with --help and exits with 0", async () => {
    expect(await table().hosts("--help")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: fetchonce hosts [^]*Exit code: 0 done/),
      stderr: "",
    });
  });

  it.each<[string[], string]>([
    [[], "Write one of status, show, top, set and unset."],
    [["sett", ...SIGNED], "unknown command 'sett'"],
    [["status"], "Name the deployment by its data stack, such as --stack fetchonce-prod. In its place: --table."],
    [["set", "a.example", "4", ...ON], "required option '--reason <TEXT>' not specified"],
    [["set", "a.example", ...SIGNED], "missing required argument 'LIMIT'"],
    [["set", "a.example", "4", ...SIGNED, "--by", " "], "It must have 1 to 64 characters."],
    [["set", "a/b", "4", ...SIGNED], "It must be a host like example.org, or *.example.org, or *."],
    [["set", "a.*.example", "4", ...SIGNED], "It must be a host like"],
    [["set", "a.example", "0", ...SIGNED], "It must be like 4, 2/s, 4,2/s, or unlimited"],
    [["set", "a.example", "0.0001/s", ...SIGNED], "the slowest is 0.0003/s"],
    [["set", "a.example", "many", ...SIGNED], "It must be like 4"],
    [["set", "a.example", "", ...SIGNED], "It must be like 4"],
    [["unset", "a.example", ...SIGNED], "There is no operator's rule a.example to remove. There are: none."],
    [["show", "https://a.example/", ...ON], "It must be a host like example.org, or example.org:8443."],
    [["show", "a.example/x", ...ON], "It must be a host like"],
  ])("exits with 2, an explanation and no write for %j", async (argv, sentence) => {
    const { hosts, items } = table();
    const { code, stdout, stderr } = await hosts(...argv);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(sentence)]);
    expect(items.history).toEqual([]);
  });

  it.each<[string, () => Promise<never>, string]>([
    ["a table that does not answer", async () => Promise.reject(new Error("ResourceNotFound")), "in the table jobs"],
    ["a damaged document", async () => Promise.resolve({ pk: HOST_RULES_KEY } as never), "item HOST_RULES is damaged"],
  ])("exits with 1 and an explanation for %s", async (_what, read, sentence) => {
    const { hosts } = table({ ...simulatedItems(), read });
    const { code, stderr } = await hosts("set", "*", "4", ...SIGNED);
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  });
});
