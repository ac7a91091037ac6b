import { describe, expect, it, vi } from "vitest";
import type { FunctionLogs, LogLine, LogQuery } from "../../../adapters/aws/operators/function-logs.ts";
import type { FunctionRole } from "../../../adapters/aws/operators/function-roles.ts";
import { packJob } from "../../../core/telemetry/packed-job.ts";
import { simulatedClock } from "../../simulation/world.ts";
import { operated, type Operated } from "./operated.ts";

const clock = simulatedClock();
const NOW_MS = clock.nowMs();
const JOB = "0123456789abcdef0123456789abcdef";
const OTHER = "f".repeat(32);
const at = (ms: number): string => new Date(NOW_MS + ms).toISOString();
/** As it is printed. */
const time = (ms: number): string => at(ms).slice(11, 23);

type Looks = Readonly<Partial<Record<FunctionRole, readonly (readonly LogLine[])[]>>>;

const lineAt = (ms: number, said: object | string, id = `${ms}`): LogLine => ({
  id,
  atMs: NOW_MS + ms,
  text: typeof said === "string" ? said : JSON.stringify(said),
});

/** A deployment whose logs, each time that they are looked at, hold these lines in pages of two. */
function deployment(looks: Looks) {
  const asked: LogQuery[] = [];
  const count = new Map<string, number>();
  const logs: FunctionLogs = {
    groupOf: async (name) => Promise.resolve(`/logs/${name}`),
    page: async (query) => {
      asked.push(query);
      const { fromMs, group, next } = query;
      const role = group.replace("/logs/fn-", "") as FunctionRole;
      if (next === undefined) count.set(role, (count.get(role) ?? -1) + 1);
      const all = (looks[role]?.[count.get(role) ?? 0] ?? []).filter(({ atMs }) => atMs >= fromMs);
      const from = Number(next ?? 0);
      const more = from + 2 < all.length;
      return Promise.resolve({ lines: all.slice(from, from + 2), next: more ? String(from + 2) : undefined });
    },
  };
  const roles = Object.keys(looks) as readonly FunctionRole[];
  const functionsOf = async () => Promise.resolve(new Map(roles.map((role) => [role, `fn-${role}`])));
  const tail = async (...argv: readonly string[]): Promise<Operated> =>
    operated(["tail", ...argv, "--stack", "fetchonce-prod"], { clock, logs, functionsOf });
  return { asked, tail, deps: { clock, logs, functionsOf } };
}

const leased = (jobId: string, ms: number) => ({
  event: "job_leased",
  timestamp: at(ms),
  job_id: jobId,
  owner: "w 1",
  ttl_sec: 60,
});
const PACKED = packJob([
  {
    atMs: NOW_MS - 900,
    event: { event: "job_leased", job_id: JOB, owner: "w", ttl_sec: 60, acquired_in_ms: 3 },
  },
  { atMs: NOW_MS - 800, event: { event: "lease_released", job_id: JOB, owner: "w" } },
]);

describe("fetchonce tail", () => {
  it("prints events and messages of the functions, one on each line, and unpacks packed lines", async () => {
    const { tail } = deployment({
      worker: [
        [
          lineAt(-900, PACKED),
          lineAt(-700, { level: "warn", timestamp: at(-700), message: "It is so.", job_id: OTHER }, "b"),
          lineAt(-600, { level: "error", timestamp: at(-600), message: "Broken", stack: "Error\n  at x" }, "c"),
        ],
      ],
      reconciler: [[lineAt(-500, { event: "clock_off", timestamp: at(-500), skew_ms: 9 })]],
    });
    const { code, stderr, stdout } = await tail("--no-follow");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trimEnd().split("\n").toSorted()).toEqual([
      `${time(-900)}  worker  job_leased  job_id=${JOB}  owner=w  ttl_sec=60  acquired_in_ms=3`,
      `${time(-800)}  worker  lease_released  job_id=${JOB}  owner=w`,
      `${time(-700)}  worker  WARN  It is so.  job_id=${OTHER}`,
      `${time(-600)}  worker  ERROR  Broken  stack="Error\\n  at x"`,
      `${time(-500)}  reconciler  WARN  clock_off  skew_ms=9`,
    ]);
  });

  it("begins as far back as it is told, and asks CloudWatch for nothing that it would leave out", async () => {
    const { asked, tail } = deployment({ worker: [[lineAt(-900, leased(JOB, -900)), lineAt(-1, leased(OTHER, -1))]] });
    const { stdout } = await tail(JOB, "--since", "2h", "--no-follow");
    expect(stdout).toBe(`${time(-900)}  worker  job_leased  job_id=${JOB}  owner="w 1"  ttl_sec=60\n`);
    expect(asked).toEqual([
      { group: "/logs/fn-worker", fromMs: NOW_MS - 2 * 3_600_000, pattern: `"${JOB}"`, next: undefined },
    ]);
  });

  it.each([
    { argv: ["--event", "lease_released"], what: ["lease_released"] },
    { argv: ["--text", '"message":"Fi'], what: ["Fine"] },
    { argv: ["--trouble"], what: ["Broken", "delivery_failed"] },
    { argv: [], what: ["job_leased", "lease_released", "Broken", "Fine", "delivery_failed"] },
  ])("prints what is asked for alone, as JSON lines for programs: $argv", async ({ argv, what }) => {
    const { tail } = deployment({
      worker: [
        [
          lineAt(-900, PACKED),
          lineAt(-3, { level: "error", message: "Broken" }),
          lineAt(-2, { level: "info", message: "Fine" }),
          lineAt(-1, { event: "delivery_failed", timestamp: at(-1), component: "worker", error_class: "X" }),
        ],
      ],
    });
    const { stdout } = await tail("--no-follow", "--json", ...argv);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line["what"])).toEqual(what);
    for (const line of lines)
      expect(line).toMatchObject({ function: "worker", timestamp: expect.stringMatching(/Z$/) });
  });

  it.each([
    { text: "START RequestId: 1 Version: 7", shown: false },
    { text: "REPORT RequestId: 1\tDuration: 5 ms", shown: false },
    { text: '{"_aws":{"Timestamp":1},"jobs":3}', shown: false },
    { text: "", shown: false },
    { text: "REPORT RequestId: 1\tDuration: 60000 ms\tStatus: timeout", shown: true },
    { text: "2026-11-29T07:00:00Z 1 Task timed out after 60.00 seconds", shown: true },
    { text: '2026-11-29T07:00:00Z\t1\tERROR\tUncaught Exception\t{"errorType":"TypeError"}', shown: true },
    { text: "RequestId: 1 Error: Runtime exited with error: signal: killed", shown: true },
  ])("of what Lambda writes, it prints what did not end well: $text", async ({ shown, text }) => {
    const { tail } = deployment({ worker: [[lineAt(-1, text)]] });
    const { stdout } = await tail("--no-follow", "--trouble");
    expect(stdout).toBe(shown ? `${time(-1)}  worker  ERROR  ${text.replaceAll("\t", "  ")}\n` : "");
  });

  it("prints each line as it is with --raw", async () => {
    const { tail } = deployment({ worker: [[lineAt(-2, "START RequestId: 1"), lineAt(-1, { level: "info" })]] });
    const { stdout } = await tail("--no-follow", "--raw");
    expect(stdout).toBe(`${time(-2)}  worker  START RequestId: 1\n${time(-1)}  worker  {"level":"info"}\n`);
    expect(await tail(JOB, "--no-follow", "--raw")).toMatchObject({ code: 0, stdout: "" });
    expect(await tail("--raw", "--json")).toMatchObject({ code: 2, stdout: "" });
  });

  it("follows: prints each line once, also one that is ingested late, until it is interrupted", async () => {
    vi.useFakeTimers();
    try {
      const controller = new AbortController();
      const one = lineAt(-100, "one");
      const others = [lineAt(-50, "two"), lineAt(-40, "three")];
      const late = lineAt(-80, "late");
      const { asked, deps } = deployment({
        worker: [
          [one, ...others],
          [one, late, ...others],
          [one, ...others, late],
        ],
      });
      const ended = operated(["tail", "--stack", "fetchonce-prod"], deps, controller);
      await vi.advanceTimersByTimeAsync(6_500);
      controller.abort();
      const { code, stderr, stdout } = await ended;
      expect(code).toBe(130);
      expect(stderr).toBe("Reading the logs of worker. Ctrl-C ends it.\n");
      expect(stdout.match(/one|two|three|late/g)).toEqual(["one", "two", "three", "late"]);
      expect(asked.filter(({ next }) => next === undefined)).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it("refuses a function that the deployment does not have, and names those that it has", async () => {
    const { tail } = deployment({ worker: [], reconciler: [] });
    expect(await tail("--function", "archiver")).toEqual({
      code: 2,
      stdout: "",
      stderr: "fetchonce-prod has no function archiver. It has worker, reconciler.\n",
    });
  });
});
