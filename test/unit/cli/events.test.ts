import { Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { packJob, type Fields, type TimedEvent } from "../../../core/telemetry/packed-job.ts";
import { runEvents } from "../../../cli/events/run.ts";
import { usualJob } from "../../../dashboards/docs/example-job.ts";

const JOBS = ["a", "b"].map((digit) => digit.repeat(32));
const lineOf = ({ atMs, event: { event, ...fields } }: TimedEvent): Fields => ({
  event,
  timestamp: new Date(atMs).toISOString(),
  ...fields,
});
const EVENTS = JOBS.flatMap((job) => usualJob(job).map(lineOf));
/** One job as a line, the other as lines, and what else is in a log. */
const [packed, ...lines] = [
  JSON.stringify(packJob(usualJob(JOBS[0]))),
  "START RequestId: 1 Version: $LATEST",
  '{"level":"info","message":"A host had jobs wait, in an event."}',
  '{"_aws":{"CloudWatchMetrics":[{"Namespace":"fetchonce events"}]},"JobsPlanned":2}',
  ...usualJob(JOBS[1]).map((event) => JSON.stringify(lineOf(event))),
  '{"event":"lease_rel',
];
const LOG = [packed, ...lines];

async function run(argv: readonly string[], input: Readable | readonly string[]) {
  const written = { stdout: "", stderr: "" };
  const into = (name: keyof typeof written): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const stdin = input instanceof Readable ? input : Readable.from([Buffer.from(input.join("\n"))]);
  const surroundings = { stdin, stdout: into("stdout"), stderr: into("stderr"), open: () => stdin };
  const exitCode = await runEvents(argv, surroundings);
  const printed = written.stdout.split("\n").filter((line) => line.startsWith("{"));
  return { exitCode, ...written, events: printed.map((line): unknown => JSON.parse(line)) };
}

const pretty = (document: object): readonly string[] => JSON.stringify(document, null, 4).split("\n");
const TIME = "2027-01-15T08:00:00.123000+00:00";

describe("npm run events", () => {
  it.each<readonly [what: string, input: readonly string[]]>([
    ["lines as the functions write them", LOG],
    ["the lines of `aws logs tail`", LOG.map((line) => `${TIME} 2027/01/15/[7]8f3a ${line}`)],
    [
      "the JSON of `aws logs filter-log-events`",
      pretty({ events: LOG.map((message) => ({ logStreamName: "2027/01/15/[7]8f3a", timestamp: 1, message })) }),
    ],
    [
      "the JSON of `aws logs get-query-results`",
      pretty({ results: LOG.map((value) => [{ field: "@message", value }]), status: "Complete" }),
    ],
    ["its text", LOG.map((line) => `EVENTS\t38\t1800000000123\t2027/01/15/[7]8f3a\t${line}\t1800000000000`)],
    ["messages that jq has taken out of it", LOG.map((message) => JSON.stringify({ timestamp: 1, message }))],
  ])("prints the events in %s, and nothing else", async (_, input) => {
    const { events, exitCode, stderr } = await run([], input);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(events).toEqual(EVENTS);
  });

  it("prints the events of one job, in the order of their times", async () => {
    const [job = ""] = JOBS;
    const own = usualJob(job).map(lineOf);
    const shuffled = [...own.slice(4), ...own.slice(0, 4)].map((line) => JSON.stringify(line));
    const { events } = await run(["--job", job, "some.log"], [...lines, ...shuffled]);
    expect(events).toEqual(own);
  });

  it("reads characters that are cut in two", async () => {
    const bytes = Buffer.from(JSON.stringify({ event: "job_planned", url: "https://example.com/ü" }));
    const cut = bytes.indexOf("ü") + 1;
    const { events } = await run([], Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]));
    expect(events).toEqual([{ event: "job_planned", url: "https://example.com/ü" }]);
  });

  it("refuses what is no log, instead of filling the memory with it", async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1024 * 1024, "x");
      })(),
    );
    const { exitCode, stderr } = await run([], endless);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("no log");
  });

  it("ends quietly when nobody reads on", async () => {
    const closed = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("broken pipe"), { code: "EPIPE" })),
    });
    const stdin = Readable.from([Buffer.from(LOG.join("\n"))]);
    expect(await runEvents([], { stdin, stdout: closed, stderr: closed, open: () => stdin })).toBe(0);
  });

  it("explains itself, and what is wrong with its arguments", async () => {
    expect(await run(["--help"], [])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("aws logs tail") });
    const wrong = await run(["--job", "nobody"], []);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("32 hex digits") });
  });
});
