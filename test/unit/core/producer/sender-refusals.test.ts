import { describe, expect, it } from "vitest";
import { NotSentError } from "../../../../core/producer/errors.ts";
import type { RefusedJob } from "../../../../core/producer/job.ts";
import { all, type Answer, jobAt, jobs, pathOf, refusing, senderWorld, taken, turns } from "./sender-world.ts";

describe("what the queue refuses", () => {
  it("for now is sent again, alone, after waits that double", async () => {
    const answer: Answer = (entries, request) =>
      request < 3 ? refusing(entries, "InternalError", false, "/4") : taken(entries);
    const { seen, sender } = senderWorld(answer);
    for (const job of jobs(10)) await sender.send(job);
    await sender.flush();
    expect(seen.requests.map((entries) => entries.map(pathOf).join(" "))).toEqual([
      "/0 /1 /2 /3 /4 /5 /6 /7 /8 /9",
      "/4",
      "/4",
      "/4",
    ]);
    expect(seen.waits).toEqual([75, 150, 300]);
  });

  it.each([
    { what: "for good, by the sender's fault", code: "InvalidMessageContents", fault: true, requests: 1 },
    { what: "although it is only busy", code: "RequestThrottled", fault: true, requests: 4 },
    { what: "again and again", code: "InternalError", fault: false, requests: 4 },
  ])("$what is told by flush after $requests requests, once", async ({ code, fault, requests }) => {
    const { seen, sender } = senderWorld((entries) => refusing(entries, code, fault, "/4"), { attempts: 4 });
    for (const job of jobs(10)) await sender.send(job);
    const error = await sender.flush().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotSentError);
    expect((error as NotSentError).refused).toMatchObject([{ job: jobAt(4), code, message: "no" }]);
    expect((error as NotSentError).message).toContain(
      `1 job was not sent. The queue said of the first one: ${code}: no.`,
    );
    expect(seen.requests).toHaveLength(requests);
    await sender.flush();
  });

  it("is told by the next send, which takes nothing, if nobody flushes", async () => {
    const { seen, sender } = senderWorld((entries) => refusing(entries, "InvalidMessageContents", true, "/4"));
    for (const job of jobs(10)) await sender.send(job);
    await turns();
    await expect(sender.send(jobAt(10))).rejects.toBeInstanceOf(NotSentError);
    await sender.send(jobAt(11));
    await sender.flush();
    expect(seen.requests[1]?.map(pathOf)).toEqual(["/11"]);
  });

  it("is told to onRefused, and then to nobody else", async () => {
    const refused: RefusedJob[] = [];
    const onRefused = (each: RefusedJob): void => void refused.push(each);
    const { sender } = senderWorld((entries) => refusing(entries, "InvalidMessageContents", true, "/4"), { onRefused });
    for (const job of jobs(10)) await sender.send(job);
    await sender.flush();
    expect(refused).toMatchObject([{ job: jobAt(4) }]);
  });

  it("is whatever the answer does not name", async () => {
    const { seen, sender } = senderWorld((entries, request) =>
      request === 0 ? taken(entries.slice(1)) : taken(entries),
    );
    for (const job of jobs(10)) await sender.send(job);
    await sender.flush();
    expect(seen.requests.map(({ length }) => length)).toEqual([10, 1]);
  });
});

describe("a request that fails", () => {
  const errorOf = (fields: object): Error => Object.assign(new Error("no"), fields);

  it.each([
    { what: "by the network", error: errorOf({ code: "ECONNRESET" }), code: "ECONNRESET", requests: 3 },
    { what: "by the queue's fault", error: errorOf({ name: "InternalFailure", $fault: "server" }), requests: 3 },
    { what: "by throttling", error: errorOf({ name: "ThrottlingException", $fault: "client" }), requests: 3 },
    { what: "by the caller's fault", error: errorOf({ name: "AccessDenied", $fault: "client" }), requests: 1 },
    { what: "with something that is no error", error: "no", code: "Unknown", requests: 3 },
  ])("$what is tried $requests times", async ({ code, error, requests }) => {
    const { seen, sender } = senderWorld(async () => Promise.reject(error), { attempts: 3 });
    for (const job of jobs(10)) await sender.send(job);
    const thrown = await sender.flush().catch((each: unknown) => each as NotSentError);
    expect(seen.requests).toHaveLength(requests);
    expect(thrown?.refused.map(({ job }) => job)).toEqual(jobs(10));
    expect(thrown?.refused[0]).toMatchObject({ code: code ?? error.name, message: "no" });
    expect(thrown?.message).toContain("10 jobs were not sent.");
  });

  it("and then succeeds loses nothing", async () => {
    const { sender } = senderWorld((entries, request) => {
      if (request < 2) throw errorOf({ name: "TimeoutError" });
      return taken(entries);
    });
    expect((await all(sender.sendAll(jobs(10)))).map(({ error }) => error)).toEqual(Array(10).fill(undefined));
  });
});
