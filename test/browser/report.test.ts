import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { failed, MadeUpRun, stored } from "../unit/cli/made-up-run.ts";
import { reportOn } from "../unit/cli/report/support.ts";
import { launchBrowser, visit } from "./support.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});

it.each(["light", "dark"] as const)(
  "a report opens from its file in the %s color scheme, without a request, and folds timelines without a script",
  async (colorScheme) => {
    const run = new MadeUpRun();
    const url = `https://example.org/${"long".repeat(50)}/<img src=x onerror=alert(1)>`;
    const jobId = run.add({ url, outcome: stored(100_000) });
    run.emitDownload(jobId, url, 1000, 4000);
    run.add({ url: `${url}2`, outcome: failed("http_404") });
    await reportOn(run);

    const address = pathToFileURL(run.path("report.html")).href;
    const { page, faults } = await visit(browser, address, { colorScheme, viewport: { width: 360, height: 800 } });
    await page.locator("h1", { hasText: "report of a run" }).waitFor();
    const background = String(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
    const [red = 0] = background.match(/\d+/g)?.map(Number) ?? [];
    expect(red > 128).toBe(colorScheme === "light");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await page.locator("figure svg").count()).toBe(2);
    expect(await page.locator("img").count()).toBe(0);

    const moment = page.locator("details td", { hasText: "downloading: done in 4.0 s" });
    expect(await moment.isVisible()).toBe(false);
    await page.locator("summary").first().press("Enter");
    expect(await moment.isVisible()).toBe(true);
    expect(faults).toEqual([]);
  },
);
