/** What happens to each kind of bad input, end to end. */
import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jobIdOf } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { loopbackEndpoint } from "../../local/shared/loopback.ts";
import { freePort } from "../embedded-aws/free-port.ts";
import { FAILING, failsAfterRetries, HEALED, MAX_ATTEMPTS, MAX_BODY_BYTES, type Case } from "../e2e/bad-origins.ts";
import { KIB, startRun, startSurroundings, type Run } from "../e2e/support.ts";

const QUICK = {
  MAX_ATTEMPTS: String(MAX_ATTEMPTS),
  RETRY_BASE_MS: "50",
  HTTP_IDLE_TIMEOUT_MS: "2000",
  MAX_BODY_BYTES: String(MAX_BODY_BYTES),
  ALLOWED_CONTENT_TYPES: "application/octet-stream,text/*",
  // All files have the same host. If that counted as down, their failures would not be their own.
  HOST_RULES: "[]",
};

describe("bad input", () => {
  const end = new AsyncDisposableStack();
  let run: Run;
  let records: ReadonlyMap<string, JobRecord>;

  const messageOf = ({ what, input, sha256 }: Case): JobMessage => ({
    work_id: "bad",
    artifact_id: what,
    url: typeof input === "string" ? input : run.origin.urlOf(input),
    ...(sha256 !== undefined && { sha256 }),
  });

  beforeAll(async () => {
    run = await startRun({ ...(await startSurroundings(end)), workerEnv: QUICK }, end);
    const failing = FAILING.map(messageOf);
    await run.pipeline.submit(failing);
    await run.submit(HEALED.map(({ file }) => file));
    const healedIds = HEALED.map(({ file }) => run.idOf(file));
    records = await run.untilTerminal([...failing.map(jobIdOf), ...healedIds]);
    await run.untilQueueIsEmpty();
  });
  afterAll(async () => end.disposeAsync());

  it.each(FAILING)("$what fails the job with $failure.reason", (failing) => {
    const record = records.get(jobIdOf(messageOf(failing)));
    expect(record).toMatchObject({ state: "FAILED", ...failing.failure });
    expect(record).not.toHaveProperty("leaseOwner");
    expect(record).not.toHaveProperty("checkpoint");
  });

  it.each(HEALED)("$what ends with one whole version of the file", async ({ file, version, expected }) => {
    const sha256 = originSha256(file, version);
    expect(records.get(run.idOf(file))).toMatchObject({ state: "INDEXED", ...expected, transfer: { sha256 } });
    expect(run.contentOnDisk()).toContain(sha256);
  });

  it("leaves nothing in staging, publishes no failed file, and makes no dead letter", async () => {
    expect(await run.staging()).toEqual([]);
    expect(run.contentOnDisk()).toEqual(HEALED.map(({ file, version }) => originSha256(file, version)).toSorted());
    expect(await run.pipeline.deadLetters()).toEqual([]);
  });
});

describe("an origin that is down", () => {
  it("is retried until MAX_ATTEMPTS, and then the job fails with retries_exhausted", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({ ...surroundings, workers: 1, workerEnv: QUICK });
    const message = { work_id: "bad", artifact_id: "down", url: `http://127.0.0.1:${await freePort()}/file` };
    await run.pipeline.submit([message]);
    const records = await run.untilTerminal([jobIdOf(message)]);
    expect(records.get(jobIdOf(message))).toMatchObject({
      state: "FAILED",
      ...failsAfterRetries("origin_refused_connection"),
    });
  });
});

describe("without ALLOW_PRIVATE_HOSTS", () => {
  it("a private or loopback address is refused before any request is sent", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({
      ...surroundings,
      workers: 1,
      workerEnv: { ...QUICK, ALLOW_PRIVATE_HOSTS: "false" },
    });
    const file: OriginFile = { name: "inside", size: KIB };
    const hosts = ["10.0.0.7", "[::1]", "169.254.169.254", "localhost:9001", "0x7f000001", "printer.local"];
    const messages = hosts.map((host) => ({ work_id: "bad", artifact_id: host, url: `http://${host}/file` }));
    await run.pipeline.submit(messages);
    await run.submit([file]);
    const records = await run.untilTerminal([...messages.map(jobIdOf), run.idOf(file)]);
    for (const { url, state, reason, failureClass } of records.values()) {
      expect.soft({ state, reason, failureClass }, url).toEqual({
        state: "FAILED",
        reason: "private_address",
        failureClass: "policy",
      });
    }
    expect(surroundings.origin.requests).toEqual([]);
  });
});

describe("a message that is not a valid job", () => {
  it("goes to the dead-letter queue once, with the reason, and the rest of its batch is INDEXED", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({ ...surroundings, workers: 1 });
    const mates: readonly OriginFile[] = ["a", "b"].map((name) => ({ name, size: KIB }));
    const bodies: readonly (readonly [body: string, reason: RegExp])[] = [
      ["{ this is not JSON", /^not JSON/],
      [JSON.stringify({ work_id: "w", url: "http://example.org/" }), /^artifact_id: /],
      [JSON.stringify({ work_id: "w", artifact_id: "a", url: "not a URL" }), /^url: not an absolute URL/],
      [JSON.stringify({ work_id: "", artifact_id: "a", url: "http://example.org/" }), /^work_id: /],
      [JSON.stringify({ ...run.messageOf({ name: "c", size: 1 }), sha256: "abc" }), /^sha256: /],
      ["null", /^message: /],
    ];
    const sent = [...bodies.map(([body]) => body), ...mates.map((file) => JSON.stringify(run.messageOf(file)))];
    await run.pipeline.clients.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: run.pipeline.names.queueUrl,
        Entries: sent.map((body, index) => ({ Id: String(index), MessageBody: body, MessageGroupId: "any" })),
      }),
    );
    const records = await run.untilDone(mates);
    expect([...records.values()].map(({ state }) => state)).toEqual(["INDEXED", "INDEXED"]);
    const letters = await run.pipeline.deadLetters();
    expect(letters.map(({ body }) => body).toSorted()).toEqual(bodies.map(([body]) => body).toSorted());
    for (const [body, reason] of bodies) {
      expect.soft(letters.find((letter) => letter.body === body)?.reason, body).toMatch(reason);
    }
    expect(await run.itemKeys("JOB#")).toHaveLength(mates.length);
  });
});

describe("an origin that sends more than its Content-Length", () => {
  let server: Server;
  const BODY = "all of this is sent";
  const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

  beforeAll(async () => {
    server = createServer((request, response) => {
      // Writes to the socket, because Node's server refuses to send more than the Content-Length.
      response.socket?.end(
        `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\nconnection: close\r\n\r\n${request.method === "GET" ? BODY : ""}`,
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("has only the declared number of bytes published", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({ ...surroundings, workers: 1, workerEnv: QUICK });
    const message = { work_id: "bad", artifact_id: "more", url: `${loopbackEndpoint(server)}/more` };
    await run.pipeline.submit([message]);
    const record = (await run.untilTerminal([jobIdOf(message)])).get(jobIdOf(message));
    const declared = BODY.slice(0, 3);
    expect(record).toMatchObject({
      state: "INDEXED",
      transfer: { bytes: declared.length, sha256: sha256Of(declared) },
    });
  });
});
