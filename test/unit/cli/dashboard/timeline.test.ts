import { appendFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readTimeline } from "../../../../cli/dashboard/timeline.ts";
import { packJob } from "../../../../core/telemetry/packed-job.ts";
import { usualJob } from "../../../../dashboards/docs/example-job.ts";
import { idOf, runFolder } from "./support.ts";

const MIB = 2 ** 20;
const folder = runFolder();

describe("a job's timeline", () => {
  const line = (job: number, event: string): string => `${JSON.stringify({ event, job_id: idOf(job) })}\n`;
  async function readAll(job: number): Promise<{ events: unknown[]; readings: number }> {
    const events: unknown[] = [];
    for (let from = 0, readings = 1; ; readings += 1) {
      const part = await readTimeline(folder.eventsPath, idOf(job), from);
      events.push(...part.events.map(({ event }) => event));
      if (part.next >= part.size) return { events, readings };
      from = part.next;
    }
  }

  it.each<[string, string, string[]]>([
    ["the job's own events, in order", line(1, "a") + line(2, "b") + line(1, "c"), ["a", "c"]],
    [
      "the events of a line that packs them",
      `${JSON.stringify(packJob(usualJob(idOf(1)).slice(0, 2)))}\n${JSON.stringify(packJob(usualJob(idOf(2))))}\n${line(1, "a")}`,
      ["job_planned", "job_leased", "a"],
    ],
    ["no event if the file is empty", "", []],
    ["no line that a crash has torn", `${line(1, "a").slice(0, 50)}${line(1, "b")}${line(1, "c")}`, ["c"]],
    ["no line that is still being written", line(1, "a") + line(1, "b").slice(0, -1), ["a"]],
    [
      "no event that names the job in another field than job_id",
      `${JSON.stringify({ event: "x", op_key: idOf(1) })}\n`,
      [],
    ],
  ])("has %s", async (_, text, expected) => {
    await writeFile(folder.eventsPath, text);
    expect((await readAll(1)).events).toEqual(expected);
  });

  it("is empty before the events file exists", async () => {
    expect(await readTimeline(folder.eventsPath, idOf(1), 0)).toEqual({ events: [], next: 0, size: 0 });
  });

  it("continues where the last read ended", async () => {
    await writeFile(folder.eventsPath, line(1, "a") + line(1, "b").slice(0, 20));
    const { next } = await readTimeline(folder.eventsPath, idOf(1), 0);
    await appendFile(folder.eventsPath, line(1, "b").slice(20));
    expect((await readTimeline(folder.eventsPath, idOf(1), next)).events).toMatchObject([{ event: "b" }]);
  });

  it("is read piece by piece from a large file, without losing an event between two pieces", async () => {
    const others = line(2, "x".repeat(997)).repeat(1000);
    await writeFile(folder.eventsPath, "");
    for (let n = 0; n < 20; n += 1) await appendFile(folder.eventsPath, line(1, `e${n}`) + others);
    const { events, readings } = await readAll(1);
    expect(events).toEqual(Array.from({ length: 20 }, (_, n) => `e${n}`));
    expect(readings).toBe(3);
  });

  it("skips a line of 17 MiB, which is too long to be an event", async () => {
    await writeFile(folder.eventsPath, `${"x".repeat(17 * MIB)}\n${line(1, "a")}`);
    expect((await readAll(1)).events).toEqual(["a"]);
  });
});
