import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { LiveRun, type RunJobs } from "../../cli/dashboard/live-run.ts";
import { startDashboard } from "../../cli/dashboard/server.ts";
import { run } from "../../cli/run.ts";
import { jobIdOf } from "../../core/model/keys.ts";
import { sloReport } from "../../dashboards/catalogue/report.ts";
import { SLOS } from "../../dashboards/catalogue/slos.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { startOrigin } from "../../local/origin/server.ts";
import { launchBrowser, visit } from "./support.ts";

let browser: Browser;
let folder: string;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-browser-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

const countOf = async (page: Page, state: string): Promise<number> =>
  Number(await page.locator(`#states a[href="#state=${state}"] strong`).textContent());
const textsOf = async (page: Page, selector: string): Promise<readonly string[]> =>
  page.locator(selector).allTextContents();

/** Runs `npm start -- MANIFEST --dashboard` as on a terminal, until `stop` is called. */
async function startOnTerminal(files: readonly OriginFile[]) {
  const origin = await startOrigin();
  onTestFinished(async () => origin.stop());
  const manifest = join(folder, "list.txt");
  await writeFile(manifest, files.map((file) => origin.urlOf(file)).join("\n"));
  const interrupt = new AbortController();
  let output = "";
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
  stdout.on("data", (text: Buffer) => (output += text.toString()));
  const exit = run([manifest, "--dashboard", "--allow-private-hosts", "--workers", "2", "--out", join(folder, "out")], {
    stdin: Readable.from([]),
    stdout,
    stderr: new PassThrough(),
    env: {},
    signal: interrupt.signal,
  });
  await expect.poll(() => output).toContain("Dashboard: ");
  const [, url = ""] = /Dashboard: (\S+)/.exec(output) ?? [];
  const stop = async (): Promise<number> => {
    interrupt.abort();
    return exit;
  };
  onTestFinished(async () => void (await stop()));
  return { url, output: () => output, stop };
}

it("the dashboard follows a run from its first byte to its end, and a job from first to last event", async () => {
  const small = Array.from({ length: 6 }, (_, n) => ({ name: `small-${n}.bin`, size: 1000 + n }));
  const slow = { name: "slow.bin", size: 12 * 2 ** 20, rate: 3 * 2 ** 20 };
  const gone = { name: "gone.pdf", size: 0, status: 404 };
  const started = await startOnTerminal([slow, gone, ...small]);
  const { page, faults } = await visit(browser, started.url);

  await page.locator("#phase", { hasText: "running" }).waitFor();
  await expect.poll(async () => countOf(page, "STREAMING"), { timeout: 20_000 }).toBe(1);
  await page.locator("#phase", { hasText: "over" }).waitFor();
  expect(started.output()).toContain(`The dashboard stays at ${started.url} until Ctrl-C.`);

  expect(await countOf(page, "INDEXED")).toBe(7);
  expect(await countOf(page, "FAILED")).toBe(1);
  expect(await countOf(page, "WAITING")).toBe(0);
  expect(await page.locator("#totals").textContent()).toMatch(/^8 of 8 jobs done, 1 failed, 12 MiB, /);
  expect(await page.locator("#charts canvas").count()).toBe(2);

  const rows = await textsOf(page, "#slos tr");
  expect(rows).toHaveLength(SLOS.length);
  expect(rows[0]).toBe("Job completion✓ met99.5 %100 %100 %0 / 7");
  expect(rows[3]).toBe("Crash recoveryno data99.9 %––0 / 0");

  await page.locator('#states a[href="#state=FAILED"]').focus();
  await page.keyboard.press("Enter");
  await page.locator("#jobs a", { hasText: "gone.pdf" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("#jobs .details", { hasText: "to_state FAILED" }).waitFor();
  const events = await textsOf(page, "#jobs tbody .event");
  expect(events[0]).toBe("job_planned");
  expect(events.at(-1)).toMatch(/lease_released|job_state_changed/);
  expect((await textsOf(page, "#jobs tbody .details")).join("\n")).toContain("reason http_404");
  expect(await page.locator("#jobs tbody time").first().textContent()).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
  const elapsed = (await textsOf(page, "#jobs tbody .number")).map((text) => Number.parseFloat(text));
  expect(elapsed[0]).toBe(0);
  expect(elapsed).toEqual(elapsed.toSorted((one, other) => one - other));

  const slowJob = await page.locator("#events a", { hasText: "slow.bin" }).first().getAttribute("href");
  await page.locator("#job-id").fill(String(slowJob).replace("#job=", ""));
  await page.keyboard.press("Enter");
  await page.locator("#jobs .details", { hasText: "to_state INDEXED" }).waitFor();
  expect(faults).toEqual([]);

  expect(await started.stop()).toBe(1);
  await page.locator("#phase", { hasText: "the run's process has ended" }).waitFor();
});

interface Staged {
  readonly urls: readonly string[];
  readonly events?: number;
}

/** Serves the dashboard of a made-up run: jobs and events without a pipeline. */
async function stage({ urls, events = 0 }: Staged): Promise<string> {
  const messages = urls.map((url, n) => ({ work_id: "w", artifact_id: String(n), url }));
  const urlsById = new Map(messages.map((message) => [jobIdOf(message), message.url]));
  const jobs: RunJobs = {
    total: urls.length,
    states: () => new Map(),
    notBegun: (limit) => [...urlsById].slice(0, limit).map(([jobId, url]) => ({ jobId, url, reason: null })),
    inState: () => [],
    urlOf: (jobId) => urlsById.get(jobId),
  };
  const live = new LiveRun();
  live.began(jobs, () => sloReport({}, SLOS));
  for (let n = 0; n < events; n += 1) {
    const message = messages[n % messages.length] ?? { work_id: "", artifact_id: "", url: "" };
    live.heard({ event: "job_planned", timestamp: new Date(n).toISOString(), job_id: jobIdOf(message), ...message });
    const bytes = n * 1e6;
    live.refreshed({
      atMs: n * 500,
      total: urls.length,
      isGrowing: false,
      done: n,
      failed: 0,
      bytes,
      underWay: [],
      waiting: {
        jobs: 1,
        by: [{ host: `${"long".repeat(100)}.example`, reason: "http_503", jobs: 1, inMs: 3_480_000 }],
      },
    });
  }
  const dashboard = await startDashboard(0, live, folder);
  onTestFinished(async () => dashboard.stop());
  return dashboard.url;
}

describe("the dashboard's page", () => {
  it("shows a run without jobs", async () => {
    const { page, faults } = await visit(browser, await stage({ urls: [] }));
    await page.locator("#phase", { hasText: "running" }).waitFor();
    expect(await page.locator("#totals").textContent()).toMatch(/^0 of 0 jobs done/);
    expect(await textsOf(page, "#slos .verdict")).toEqual(SLOS.map(() => "no data"));
    expect(faults).toEqual([]);
  });

  it("shows a run of 100,000 jobs with a limited number of rows, and can be paused", async () => {
    const urls = Array.from({ length: 100_000 }, (_, n) => `https://example.org/${n}`);
    const { page, faults } = await visit(browser, await stage({ urls, events: 1000 }));
    await page.locator("#events-note", { hasText: "1,000 events so far, the latest 200 are shown" }).waitFor();
    expect(await page.locator('#states a[href="#state=WAITING"] strong').textContent()).toBe("100,000");
    expect(await page.locator("#waits").textContent()).toMatch(/^1 job waits: long.*Unavailable, next in 58 min 0 s$/);
    expect(await page.locator("#events tr").count()).toBe(200);
    await page.locator('#states a[href="#state=WAITING"]').click();
    await page.locator("#jobs-note", { hasText: "100 jobs WAITING (only the first are listed)" }).waitFor();
    await page.locator("#pause").press("Enter");
    expect(await page.locator("#pause").getAttribute("aria-pressed")).toBe("true");
    expect(faults).toEqual([]);
  });

  it("shows markup in a URL as text, and does not run it", async () => {
    const url = "https://example.org/<img src=x onerror=alert(1)>";
    const { page, faults } = await visit(browser, await stage({ urls: [url], events: 1 }));
    await page.locator("#events a", { hasText: "<img src=x onerror=alert(1)>" }).waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it.each(["light", "dark"] as const)("fits a screen 360 pixels wide in the %s color scheme", async (colorScheme) => {
    const urls = [`https://example.org/${"long".repeat(100)}`];
    const url = await stage({ urls, events: 20 });
    const { page } = await visit(browser, url, { colorScheme, viewport: { width: 360, height: 800 } });
    await page.locator("#events tr").first().waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    const background = String(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
    const [red = 0] = background.match(/\d+/g)?.map(Number) ?? [];
    expect(red > 128).toBe(colorScheme === "light");
  });
});
