import { describe, expect, it } from "vitest";
import type { QueueDepth } from "../../../adapters/aws/operators/queue-depth.ts";
import type { WatchCounts } from "../../../adapters/aws/operators/watch-counts.ts";
import { simulatedItems } from "../../simulation/services/items.ts";
import { simulatedClock } from "../../simulation/world.ts";
import { operated } from "./operated.ts";
import type { OperatorsDeps } from "../../../cli/operators/run.ts";

const ON = ["--stack", "fetchonce-prod"];
const NONE: QueueDepth = { waiting: 0, delayed: 0, inFlight: 0 };
const QUIET: WatchCounts = { watched: 0, due: 0, isComplete: true, itemsAbout: 1 };

interface Deployed {
  readonly depths?: Readonly<Record<string, QueueDepth>>;
  readonly counts?: Partial<WatchCounts>;
  readonly report?: OperatorsDeps["report"];
}

function deployment({ counts = {}, depths = {}, report = async () => Promise.resolve([]) }: Deployed = {}) {
  const [clock, items] = [simulatedClock(), simulatedItems()];
  const deps = {
    clock,
    report,
    tableOf: () => ({ clock, items }),
    depthOf: async (url: string) => Promise.resolve(depths[url.split("/").at(-1) ?? ""] ?? NONE),
    countsOf: async () => Promise.resolve({ ...QUIET, ...counts }),
  };
  return async (...argv: readonly string[]) => operated(argv, deps);
}

describe("npm start -- status", () => {
  it("says of a quiet deployment that nothing is to do", async () => {
    expect(await deployment()("status", ...ON)).toEqual({
      code: 0,
      stdout: `fetchonce-prod in us-east-1, at 2027-01-15T08:00:00.000Z

Messages          waiting    delayed  in flight
  short lane            0          0          0
  urgent                0          0          0
  long lane             0          0          0
  dead letters          0          0          0

There is no gate document: only the workers' variable DOCSTOKG_ENABLE_IDEMPOTENCY decides. Create one with off or set.
Jobs that the reconciler watches, since they are leased or wait: 0. Of these it is to bring back now: 0.
The table has about 1 item, as DynamoDB counted within the last six hours.
No job was sent away from a host in the last 15 minutes.
`,
      stderr: "",
    });
  });

  const DEPTHS = {
    work: { waiting: 12, delayed: 3, inFlight: 40 },
    urgent: { waiting: 7, delayed: 0, inFlight: 3 },
    long: { waiting: 1, delayed: 0, inFlight: 2 },
    dead: { waiting: 4, delayed: 0, inFlight: 1 },
  };
  const busy = () => {
    const nowMs = simulatedClock().nowMs();
    return deployment({
      depths: DEPTHS,
      counts: { watched: 640_000, due: 20, dueSinceMs: nowMs - 150_000, isComplete: false, itemsAbout: 5_000_000 },
      report: async () => Promise.resolve([{ key: "arxiv.org", value: 311.2 }]),
    });
  };

  it("says what waits, what is late, and what to look at", async () => {
    const run = busy();
    await run("gate", "set", "50", ...ON, "--by", "ada", "--reason", "x");
    await run("hosts", "set", "*", "4", ...ON, "--reason", "x");
    const { stdout } = await run("status", ...ON);
    for (const line of [
      "  short lane           12          3         40",
      "  urgent                7          0          3",
      "  long lane             1          0          2",
      "  dead letters          4          0          1",
      "At most 50 % of jobs take the exactly-once path: set by hand (version 1).",
      "Jobs that the reconciler watches, since they are leased or wait: at least 640000. Of these it is to bring back now: at " +
        "least 20.",
      "Operators have set 1 rule of hosts.",
      "Hosts from which most jobs were sent away, to come back later, in the last 15 minutes: arxiv.org (311).",
      "The reconciler is late: a job has been due for 2 min 30 s. Look at its log (recovery-lag).",
      "Look at the dead letters: npm start -- redrive dead-letters --stack fetchonce-prod --dry-run",
    ])
      expect(stdout.split("\n")).toContain(line);
  });

  it("--json has the same as one document", async () => {
    const { stdout } = await busy()("status", ...ON, "--json");
    const nowMs = simulatedClock().nowMs();
    expect(JSON.parse(stdout)).toEqual({
      stack: "fetchonce-prod",
      region: "us-east-1",
      at_ms: nowMs,
      queues: {
        short: { waiting: 12, delayed: 3, in_flight: 40 },
        urgent: { waiting: 7, delayed: 0, in_flight: 3 },
        long: { waiting: 1, delayed: 0, in_flight: 2 },
        dead_letters: { waiting: 4, delayed: 0, in_flight: 1 },
      },
      gate: null,
      jobs: { watched: 640_000, due: 20, due_since_ms: nowMs - 150_000, is_complete: false },
      items_about: 5_000_000,
      host_rules: 0,
      hosts_waited_for: [{ host: "arxiv.org", count: 311.2 }],
      hosts_problem: null,
    });
  });

  it("goes on without what CloudWatch counts, and says why", async () => {
    const run = deployment({
      report: async () => Promise.reject(new Error("There is no rule fetchonce-prod-hosts-waiting.")),
    });
    const { code, stdout } = await run("status", ...ON);
    expect(code).toBe(0);
    expect(stdout).toContain("Which hosts jobs wait for is not known: There is no rule fetchonce-prod-hosts-waiting.");
    const asJson = JSON.parse((await run("status", ...ON, "--json")).stdout) as object;
    expect(asJson).toMatchObject({
      hosts_waited_for: null,
      hosts_problem: expect.stringContaining("There is no rule"),
    });
  });

  it.each([
    [["status"], 2, "required option '--stack <NAME>' not specified\nTry: npm start -- status --help"],
    [["status", "--stack", "prod"], 2, "There is no stack prod."],
    [["status", "fetchonce-prod"], 2, "required option '--stack <NAME>' not specified"],
  ])("%j ends with exit code %i and says: %s", async (argv, code, sentence) => {
    expect(await deployment()(...argv)).toEqual({ code, stdout: "", stderr: expect.stringContaining(sentence) });
  });
});
