/** The operator's two redrive commands, run as programs on a running pipeline. */
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, startRun, startSurroundings, type Run } from "../e2e/support.ts";

async function redrive(run: Run, args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(process.execPath, ["cli/main.ts", "redrive", ...args], { env: run.pipeline.environment });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += String(text)));
  child.stderr.on("data", (text) => (err += String(text)));
  const [code]: unknown[] = await once(child, "close");
  return { code, out, err };
}

it("redrive failed reopens the failed jobs of one class, and they end INDEXED if their origin is fixed", async () => {
  const surroundings = await startSurroundings();
  const run = await startRun(surroundings);
  const mended: OriginFile = { name: "mended", size: 3 * KIB, failFirst: 1, failStatus: 404, failMethod: "GET" };
  const refused = { ...run.messageOf({ name: "refused", size: 1 }), url: "http://user:secret@127.0.0.1/" };
  await run.pipeline.submit([run.messageOf(mended), refused]);
  await run.untilQueueIsEmpty();
  expect(await run.record(mended)).toMatchObject({ state: "FAILED", reason: "http_404" });

  const { queueUrl, stack, table } = run.pipeline.names;
  const failed = ["failed", "--table", table, "--queue-url", queueUrl, "--class", "origin"];
  for (const named of [failed, ["failed", "--stack", stack, "--class", "origin"]]) {
    const dry = await redrive(run, [...named, "--dry-run"]);
    expect(dry).toMatchObject({ code: 0, err: "" });
    expect(dry.out).toContain(`selected  ${run.idOf(mended)}  origin  http_404`);
  }
  expect(await run.record(mended)).toMatchObject({ state: "FAILED" });

  const done = await redrive(run, failed);
  expect(done.code).toBe(0);
  expect(done.out).toContain(`reopened  ${run.idOf(mended)}  origin  http_404`);
  expect(done.out).toContain("1 job reopened.\n");
  expect(done.out).toMatch(/Scanned 2 items for \S+ read units?\./);
  expect(JSON.parse(done.err)).toMatchObject({ event: "job_state_changed", from_state: "FAILED", to_state: "LEASED" });
  await run.untilTerminal([run.idOf(mended)]);
  await run.untilQueueIsEmpty();
  expect(await run.record(mended)).toMatchObject({ state: "INDEXED", attempts: 2 });
  expect(await run.contentDigest(mended)).toBe(originSha256(mended));
});

it("redrive dead-letters sends valid messages to the queue again, and keeps the others as dead letters", async () => {
  const surroundings = await startSurroundings();
  const run = await startRun(surroundings);
  const { deadLetterQueueUrl, queueUrl, stack } = run.pipeline.names;
  const buried: OriginFile = { name: "buried", size: 2 * KIB };
  const { sqs } = run.pipeline.clients;
  for (const MessageBody of [JSON.stringify(run.messageOf(buried)), "not a message"])
    await sqs.send(new SendMessageCommand({ QueueUrl: deadLetterQueueUrl, MessageBody }));

  // The stack's outputs are URLs of AWS, and the requests go to the emulator all the same.
  const dry = await redrive(run, ["dead-letters", "--stack", stack, "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, err: "" });
  expect(dry.out).toContain("1 message would be sent again. Nothing was changed.\n");

  const { code, out, err } = await redrive(run, ["dead-letters", "--from", deadLetterQueueUrl, "--to", queueUrl]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^sent {2}\S+$/m);
  expect(out).toMatch(/^kept {2}\S+, not a valid message: not JSON/m);
  expect(out).toContain("1 message sent again.\n1 message left in the dead-letter queue");
  await run.untilDone([buried]);
  expect(await run.record(buried)).toMatchObject({ state: "INDEXED" });
  expect((await run.pipeline.deadLetters()).map(({ body }) => body)).toEqual(["not a message"]);
});
