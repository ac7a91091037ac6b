import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { boundedSink } from "../../../../adapters/node/bounded-sink.ts";

const MIB = 1024 * 1024;
const LINE = `${"x".repeat(1023)}\n`;

/** A stream that completes no write until `open` is called. */
function stalledStream() {
  let taken = "";
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      taken += text;
      if (isOpen) done();
      else waiting.push(done);
    },
  });
  return {
    stream,
    open: () => {
      isOpen = true;
      for (const done of waiting.splice(0)) done();
    },
    taken: () => taken,
  };
}

describe("the bounded log sink", () => {
  it("drops lines beyond 1 MiB while nobody reads the log, and logs their number when it is read again", async () => {
    const { stream, open, taken } = stalledStream();
    const write = boundedSink(stream);
    for (let line = 0; line < 5000; line += 1) write(LINE);
    expect(stream.writableLength).toBeGreaterThan(MIB);
    expect(stream.writableLength).toBeLessThanOrEqual(MIB + LINE.length);
    const drained = once(stream, "drain");
    open();
    await drained;
    write("after\n");
    write("and later\n");
    stream.end();
    await once(stream, "finish");
    const lines = taken().trimEnd().split("\n");
    const whole = lines.filter((line) => line.length === LINE.length - 1).length;
    expect(lines.slice(-3, -2).map((line): unknown => JSON.parse(line))).toMatchObject([
      { level: "warn", message: "Log lines were dropped, because nobody read the log.", lines: 5000 - whole },
    ]);
    expect(lines.slice(-2)).toEqual(["after", "and later"]);
    expect(whole).toBeGreaterThan(1000);
  });

  /** Logs 20 rounds of 1000 lines (20 MiB in all), then reports on stderr the rounds and the bytes still queued. */
  const PROGRAM = `
    import { stdoutTelemetry } from ${JSON.stringify(new URL("../../../../adapters/powertools/stdout-telemetry.ts", import.meta.url).href)};
    const telemetry = stdoutTelemetry("test");
    let rounds = 0;
    const timer = setInterval(() => {
      for (let line = 0; line < 1000; line += 1) telemetry.log("info", "x".repeat(1000), {});
      telemetry.flush();
      rounds += 1;
      if (rounds < 20) return;
      clearInterval(timer);
      process.stderr.write(\`\${rounds} rounds, \${process.stdout.writableLength} waiting\`, () => process.exit());
    }, 5);`;
  const start = () => spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM]);

  it.each([
    ["full", (child: ReturnType<typeof start>) => void child.stdout.pause(), 2 * MIB],
    ["closed", (child: ReturnType<typeof start>) => void child.stdout.destroy(), 2 * MIB],
  ])(
    "neither blocks nor ends a process that logs 20 MiB into a %s pipe, and queues at most 2 MiB",
    async (_what, spoil, mostBytes) => {
      const child = start();
      spoil(child);
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      const [code] = (await once(child, "exit")) as [number | null];
      expect(said).toMatch(/^20 rounds, \d+ waiting$/);
      expect(Number(/(\d+) waiting/.exec(said)?.[1])).toBeLessThanOrEqual(mostBytes);
      expect(code).toBe(0);
    },
  );

  it("writes every line to a pipe that is read", async () => {
    const { stdout } = await new Promise<{ stdout: string }>((resolve, reject) => {
      const program = PROGRAM.replace("< 20", "< 2").replace("1000)", "100)").replace("process.exit()", "undefined");
      execFile(process.execPath, ["--input-type=module", "--eval", program], { maxBuffer: 64 * MIB }, (error, out) =>
        error ? reject(error) : resolve({ stdout: out }),
      );
    });
    expect(stdout.trimEnd().split("\n")).toHaveLength(2000);
  });
});
