import { appendFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MachineTroubleError } from "../../../../adapters/local/machine-trouble.ts";
import { failed, MadeUpRun, packEvents, STARTED_AT_MS, stored } from "../made-up-run.ts";
import { reportOn } from "./support.ts";

const url = (n: number | string, host = "example.org"): string => `https://${host}/${n}.pdf`;

describe("the report of a run", () => {
  it("says that all files are there, when they were stored, and how fast", async () => {
    const run = new MadeUpRun();
    for (const n of [1, 2, 3, 4]) {
      const jobId = run.add({ url: url(n), outcome: stored(n * 1024) });
      run.emitDownload(jobId, url(n), n * 1000, 500);
    }
    const page = await reportOn(run, { command: ["fetchonce", "get", "my list.txt"], settings: [["names", "url"]] });
    expect(page.text).toContain("All 4 files are there.");
    expect(page.fact("Asked")).toBe("fetchonce get 'my list.txt'");
    expect(page.fact("List")).toBe("4 files");
    expect(page.fact("This run")).toBe("4 stored; 10.0 KiB, 1.0 KiB/s, 0.4 files/s");
    expect(page.fact("Time of a file")).toBe("half took up to 500 ms, 95 % up to 500 ms, the longest 500 ms");
    expect(page.fact("names")).toBe("url");
    expect(page.rows("What is there")).toEqual([["stored", "4", "100 %", "10.0 KiB"]]);
    expect(page.rows("Hosts")).toEqual([["example.org", "4", "4", "–", "–", "10.0 KiB", "5.0 KiB/s", "–", "–"]]);
    expect(page.rows("Sizes and types").map((row) => row.slice(0, 3))).toEqual([
      ["1.0 KiB to 16.0 KiB", "4", "10.0 KiB"],
      ["application/pdf", "4", "10.0 KiB"],
    ]);
    expect(page.sectionText("Over time")).toContain("at most 10/s stored, 0/s failed");
    expect(page.titles).not.toContain("What failed, and why");
    expect(page.titles).not.toContain("What has not ended");
  });

  it("counts failures by reason, in words, with the hosts that they came from", async () => {
    const run = new MadeUpRun();
    run.add({ url: url(1, "a.org"), outcome: failed("http_404") });
    run.add({ url: url(2, "b.org"), outcome: failed("http_404") });
    run.add({ url: url(3, "b.org"), outcome: failed("retries_exhausted:origin_timeout", { attempts: 5 }) });
    run.add({ url: url(4, "b.org"), outcome: stored(1) });
    const page = await reportOn(run);
    expect(page.text).toContain("1 of 4 files are there, 3 failed.");
    expect(page.rows("What failed, and why")).toEqual([
      ["the origin answered 404 Not Found http_404", "2", "2", url(1, "a.org")],
      [
        "given up after several tries: the origin was silent for too long retries_exhausted:origin_timeout",
        "1",
        "1",
        url(3, "b.org"),
      ],
    ]);
    expect(page.rows("Hosts").map((row) => row.slice(0, 4))).toEqual([
      ["b.org", "3", "1", "2"],
      ["a.org", "1", "–", "1"],
    ]);
    const reasons = page.rows("Files that failed").map(([, reason]) => reason);
    expect(reasons[0]).toContain("http_404");
    expect(reasons[1]).toContain("origin_timeout");
  });

  it("says of an interrupted run what was not begun, and why the rest has not ended", async () => {
    const run = new MadeUpRun();
    run.add({ url: url(1), outcome: stored(1) });
    const waiting = run.add({ url: url(2) });
    run.add({ url: url(3) });
    const item = { state: "LEASED", reason: "http_503", attempts: 2 };
    run.database.run("INSERT INTO items (pk, item) VALUES (?, ?)", `JOB#${waiting}`, JSON.stringify(item));
    const page = await reportOn(run, { how: "interrupted" });
    expect(page.text).toContain("1 of 3 files are there, 2 have not ended.");
    expect(page.text).toContain("It was interrupted. The same command goes on where it ended.");
    expect(page.rows("What has not ended")).toEqual([
      ["not begun", "1", "–", url(3)],
      ["ended before the origin answered", "1", "the origin answered 503 Service Unavailable http_503", url(2)],
    ]);
  });

  it("says why this machine stopped the run", async () => {
    const because = "/data: no space is left on its disk.";
    const page = await reportOn(new MadeUpRun(), { how: "stopped", stoppedBecause: because });
    expect(page.text).toContain(
      `This machine stopped it. The same command goes on when the trouble is over. ${because}`,
    );
  });

  it("counts waits by reason, and those that Retry-After named", async () => {
    const run = new MadeUpRun();
    const [one = "", other = ""] = run.addAll([
      { url: url(1), outcome: stored(5) },
      { url: url(2), outcome: stored(5) },
    ]);
    run.log(100, "retried", { job_id: one, reason: "http_429", delay_ms: 4000, retry_after_ms: 4000 });
    run.log(200, "retried", { job_id: one, reason: "http_503", delay_ms: 250 });
    run.log(300, "retried", { job_id: other, reason: "http_503", delay_ms: 500 });
    run.log(400, "retried", { job_id: "0".repeat(32), reason: "http_503", delay_ms: 500 });
    const page = await reportOn(run);
    expect(page.rows("Retries and waits")).toEqual([
      ["the origin answered 429 Too Many Requests http_429", "1", "1", "1", "4.0 s", "4.0 s"],
      ["the origin answered 503 Service Unavailable http_503", "2", "2", "–", "750 ms", "500 ms"],
    ]);
    expect(page.rows("Hosts")[0]?.slice(-2)).toEqual(["3", "4.8 s"]);
  });

  it("has the timelines of the slowest files, with what the log says of failed attempts", async () => {
    const run = new MadeUpRun();
    const fast = run.add({ url: url("fast"), outcome: stored(1) });
    run.emitDownload(fast, url("fast"), 0, 10);
    const slow = run.add({ url: url("slow"), outcome: failed("http_404", { attempts: 2 }) });
    run.emitLease(slow, 1000, "w-1/1");
    run.emit(2000, { event: "lease_released", job_id: slow, owner: "w-1/1" });
    run.log(2000, "retried", { job_id: slow, reason: "torn_body", delay_ms: 3000 });
    run.emitLease(slow, 5000, "w-2/1");
    run.emitFailure(slow, 5500, "http_404");
    run.emit(5500, { event: "lease_released", job_id: slow, owner: "w-2/1" });

    const page = await reportOn(run);
    expect(page.rows("The slowest files")).toEqual([
      [url("slow"), "failed", "–", "2", "4.5 s", "3.0 s"],
      [url("fast"), "stored", "1 B", "1", "10 ms", "–"],
    ]);
    expect(page.sectionText("Files that failed")).toContain(
      "0 ms taken by worker w-1 1.0 s let go by the worker " +
        "1.0 s attempt failed: its body ended too early; next try after 3.0 s " +
        "4.0 s taken by worker w-2 4.5 s failed: the origin answered 404 Not Found 4.5 s let go by the worker",
    );
  });

  it("counts attempts that ended with their worker process, and steps that were not done twice", async () => {
    const run = new MadeUpRun();
    const jobId = run.add({ url: url(1), outcome: stored(1) });
    run.emitLease(jobId, 0, "w-1/1");
    run.emit(10, {
      event: "idempotency_replay",
      job_id: jobId,
      op_key: jobId,
      op_type: "HEAD",
      reused_from_time: new Date(0).toISOString(),
    });
    run.emitDownload(jobId, url(1), 100, 10);
    const page = await reportOn(run);
    expect(page.fact("Cut off")).toBe("1 attempt ended with a worker process");
    expect(page.fact("Not done twice")).toBe("1 step had been done by an earlier attempt");
  });

  it("is the same whether a job's events are lines of their own or packed", async () => {
    const run = new MadeUpRun();
    const jobs = [1, 2].map((number) => run.add({ url: url(number), outcome: stored(100 * number) }));
    for (const [index, job] of jobs.entries()) run.emitDownload(job, url(index + 1), 50 * index, 1000);
    const page = await reportOn(run);
    expect(page.text).toContain("let go by the worker");
    packEvents(run.path("events.jsonl"), jobs);
    expect((await reportOn(run)).text).toBe(page.text);
  });

  it("tells what was stored by earlier runs from what this one did", async () => {
    const run = new MadeUpRun();
    const jobId = run.add({ url: url(1), outcome: stored(100) });
    run.emitDownload(jobId, url(1), -60_000, 10);
    run.add({ url: url(2), outcome: stored(50) });
    const page = await reportOn(run, { eventsFrom: statSync(run.path("events.jsonl")).size });
    expect(page.text).toContain("All 2 files are there.");
    expect(page.fact("This run")).toBe("nothing ended in it");
    expect(page.titles).not.toContain("Over time");
    expect(page.titles).not.toContain("The slowest files");
  });

  it("counts a file that several lines name once", async () => {
    const run = new MadeUpRun();
    run.addAll([
      { url: url(1), outcome: stored(100) },
      { url: url(1), outcome: stored(100) },
    ]);
    const page = await reportOn(run);
    expect(page.fact("List")).toBe("2 lines, 1 file: 1 line names a file again");
    expect(page.text).toContain("The file is there.");
  });

  it("needs no events, no log and no lines, and skips a line that a crash tore", async () => {
    expect((await reportOn(new MadeUpRun())).text).toContain("The list names no file.");
    const run = new MadeUpRun();
    const jobId = run.add({ url: url(1), outcome: stored(100) });
    run.emitDownload(jobId, url(1), 0, 10);
    appendFileSync(run.path("events.jsonl"), '{"event":"job_leased","job_id"');
    expect((await reportOn(run)).fact("This run")).toContain("1 stored");
  });

  it("takes the time of a file without a record from the file itself", async () => {
    const run = new MadeUpRun();
    const jobId = run.add({ url: url(1), outcome: stored(100, { state: "PUBLISHED" }) });
    run.database.run("UPDATE ends SET mtime_ms = ? WHERE job_id = ?", STARTED_AT_MS + 1234.5, jobId);
    const page = await reportOn(run);
    expect(page.fact("This run")).toContain("1 stored");
    expect(page.rows("What is there")).toEqual([["stored without a record", "1", "100 %", "100 B"]]);
  });
});

describe("what comes from users and origins", () => {
  const NASTY = `https://example.org/</script><script>alert(1)</script>"'&\u202Efdp.exe`;

  it("is text in the report, which has no script, link or request in it", async () => {
    const run = new MadeUpRun();
    run.add({ url: NASTY, outcome: failed(`type_not_allowed:<b onclick="x">\u202E`) });
    const slow = run.add({ url: `${NASTY}2`, outcome: stored(1, { content_type: `<i>"'` }) });
    run.emitDownload(slow, "https://example.org/", 0, 10);
    run.log(1, "failed <u>", { job_id: slow, error: "<s>oh no</s>" });
    const page = await reportOn(run, {
      command: ["fetchonce", "<em>"],
      out: `<a href="x">`,
      settings: [["<q>", "<tt>"]],
      how: "stopped",
      stoppedBecause: "<h1>",
    });
    const elements = new Set([...page.html.matchAll(/<([a-z]\w*)/g)].map(([, name]) => name));
    for (const element of ["script", "b", "i", "u", "s", "em", "a", "q", "tt", "img", "link"])
      expect(elements).not.toContain(element);
    expect(page.html).not.toMatch(/\b(href|src|srcset|action|on\w+)="/);
    expect(page.html).not.toContain("\u202E");
    expect(page.text).toContain(String.raw`https://example.org/</script><script>alert(1)</script>"'&\u{202E}fdp.exe`);
    expect(page.html.match(/<h1>/g)).toHaveLength(1);
  });

  it("has its user names and passwords left out", async () => {
    const run = new MadeUpRun();
    run.add({ url: "https://me:secret@example.org/x", outcome: failed("credentials_in_url") });
    const page = await reportOn(run, { command: ["fetchonce", "get", "https://me:secret@example.org/x"] });
    expect(page.html).not.toContain("secret");
    expect(page.fact("Asked")).toBe("fetchonce get https://…@example.org/x");
  });

  it("is cut, so that the report of many nasty files stays below 2 MB, and says what is left out", async () => {
    const run = new MadeUpRun();
    const long = `"<&>'`.repeat(800);
    const jobs = Array.from({ length: 600 }, (_, n) => ({
      url: `https://host-${n}.org/${long}`,
      outcome: n % 2 === 0 ? failed(`type_not_allowed:${n}${long}`) : stored(n, { content_type: `${n}${long}` }),
    }));
    run.addAll(jobs).forEach((jobId, n) => {
      if (n % 10 > 0) return;
      const moments = n % 50 === 0 ? 100 : 0;
      for (let moment = 0; moment < moments; moment++) run.log(moment, long, { job_id: jobId, error: long });
      run.log(1, "retried", { job_id: jobId, reason: `${n}${long}`, delay_ms: 1 });
      run.emitLease(jobId, n, "w-1/1");
    });
    const page = await reportOn(run, { command: ["fetchonce", "get", ...jobs.map((job) => job.url)] });
    expect(page.html.length).toBeLessThan(2_000_000);
    expect(page.sectionText("What failed, and why")).toContain("260 more are left out.");
    expect(page.sectionText("Hosts")).toContain("550 more are left out.");
    expect(page.sectionText("Files that failed")).toContain("200 more are left out.");
    expect(page.sectionText("Retries and waits")).toContain("20 more are left out.");
    expect(page.rows("The slowest files")).toHaveLength(15);
  }, 60_000);
});

describe("the file of the report", () => {
  it("stays as it was when a new report cannot be written, and no draft is left", async () => {
    const run = new MadeUpRun();
    run.add({ url: url(1), outcome: stored(1) });
    writeFileSync(run.path("report.html"), "old");
    mkdirSync(run.path("report.html.part"));
    await expect(reportOn(run)).rejects.toThrow(MachineTroubleError);
    expect(statSync(run.path("report.html")).size).toBe(3);
    run.database.exec("DROP TABLE ends");
    await expect(reportOn(run)).rejects.toThrow("no such table");
    expect(readdirSync(run.folder).filter((name) => name.endsWith(".html"))).toEqual(["report.html"]);
  });
});
