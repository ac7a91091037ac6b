import { writeFile } from "node:fs/promises";
import { get } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveRun } from "../../../../cli/dashboard/live-run.ts";
import { startDashboard, type Dashboard } from "../../../../cli/dashboard/server.ts";
import { idOf, runFolder, runOf } from "./support.ts";

const folder = runFolder();

describe("the dashboard server", () => {
  let live: LiveRun;
  let dashboard: Dashboard;
  beforeEach(async () => {
    live = runOf(2);
    dashboard = await startDashboard(0, live, folder.path);
  });
  afterEach(async () => {
    await dashboard.stop();
  });
  const fetchPath = async (path: string, init?: RequestInit): Promise<Response> =>
    fetch(new URL(path, dashboard.url), init);

  it("listens on the loopback interface only, on a free port", () => {
    expect(dashboard.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  it.each([
    ["/", "text/html"],
    ["/page.css", "text/css"],
    ["/page.js", "text/javascript"],
    ["/uplot.js", "text/javascript"],
    ["/uplot.css", "text/css"],
    ["/status", "application/json"],
  ])("serves %s, with a policy that forbids loading from other origins", async (path, type) => {
    const response = await fetchPath(path);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, expect.stringContaining(type)]);
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect((await response.text()).length).toBeGreaterThan(100);
  });

  it("serves every script and style sheet that the page and its scripts name", async () => {
    const pending = ["/"];
    const seen = new Set<string>();
    for (const path of pending) {
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await fetchPath(path);
      expect([path, response.status]).toEqual([path, 200]);
      if (path.startsWith("/uplot")) continue;
      const named = [...(await response.text()).matchAll(/(?:src=|href=|from )"\.?(\/[\w.]+)"/g)];
      pending.push(...named.map(([, name = ""]) => name));
    }
    expect(seen.size).toBe(9);
  });

  it("serves the status with the events after a given number", async () => {
    live.heard({ event: "job_leased", job_id: idOf(0) });
    live.heard({ event: "lease_released", job_id: idOf(0) });
    expect(await (await fetchPath("/status?after=1")).json()).toMatchObject({
      phase: "running",
      jobs: { total: 2 },
      slos: expect.arrayContaining([expect.objectContaining({ verdict: "met", total: 3 })]),
      events: [{ number: 2, label: "f0.bin", event: { event: "lease_released" } }],
    });
  });

  it("serves the jobs in a state, and a job's timeline", async () => {
    await writeFile(folder.eventsPath, `${JSON.stringify({ event: "job_leased", job_id: idOf(1) })}\n`);
    expect(await (await fetchPath("/jobs?state=WAITING")).json()).toHaveLength(2);
    expect(await (await fetchPath(`/timeline?job=${idOf(1)}`)).json()).toMatchObject({
      events: [{ event: "job_leased" }],
    });
  });

  it.each([
    ["/timeline?job=../../etc/passwd", 400],
    [`/timeline?job=${"0".repeat(32)}&from=-1`, 400],
    ["/status?after=x", 400],
    ["/page/../server.ts", 404],
    ["/..%2fserver.ts", 404],
    ["/live-run.ts", 404],
  ])("answers the invalid path %s with %i", async (path, status) => {
    expect((await fetchPath(path)).status).toBe(status);
  });

  it("refuses POST with 405 and a foreign Host header with 421", async () => {
    expect((await fetchPath("/status", { method: "POST" })).status).toBe(405);
    const status = await new Promise((resolve, reject) => {
      get(dashboard.url, { headers: { host: "evil.example:80" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on("error", reject);
    });
    expect(status).toBe(421);
  });

  it("fails to start with a clear message if the port is in use", async () => {
    const port = Number(new URL(dashboard.url).port);
    await expect(startDashboard(port, live, folder.path)).rejects.toThrow(
      `The dashboard cannot use port ${port}: it is in use. Choose another port, or write --dashboard without a port to get a free one.`,
    );
  });
});
