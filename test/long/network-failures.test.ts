/** Networks that fail for a while, with real processes. */
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { METRIC_DIMENSION, METRIC_NAMESPACE } from "../../core/telemetry/metrics.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { EXAMPLE_EVENTS } from "../../dashboards/docs/example-events.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { loopbackEndpoint } from "../../local/shared/loopback.ts";
import { measuredIn, valuesOf } from "../embedded-metrics.ts";
import { KIB, MIB, startRun, startSurroundings, statesOf, WHOLE_LIFE, type Run } from "../e2e/support.ts";

describe("transient network failures", () => {
  const SLOW: OriginFile = { name: "slow", size: MIB, rate: 200 * KIB };

  interface Trouble {
    readonly what: string;
    readonly file: OriginFile;
    readonly attempts: number;
    readonly expected?: Partial<JobRecord>;
    /** The origin's statuses for HEAD and GET, in order. */
    readonly requests: readonly string[];
  }

  const bodies: readonly Trouble[] = [
    {
      what: "GET that fails after a good HEAD, which is not repeated",
      file: { name: "get-fails", size: 4 * KIB, failFirst: 2, failStatus: 500, failMethod: "GET" },
      attempts: 3,
      requests: ["HEAD 200", "GET 500", "GET 500", "GET 200"],
    },
    {
      what: "body torn off in its second part",
      file: { name: "torn", size: 20 * MIB, tearAfter: 13 * MIB },
      attempts: 1,
      requests: ["HEAD 200", "GET 200", "GET 206"],
    },
    {
      what: "body torn off where ranges are not served",
      file: { name: "torn-no-ranges", size: 10 * MIB, tearAfter: 9 * MIB, ranges: "ignored" },
      attempts: 2,
      requests: ["HEAD 200", "GET 200", "GET 200", "GET 200"],
    },
    {
      what: "silence in the second part",
      file: { name: "stalled", size: 12 * MIB, stallAfter: 9 * MIB },
      attempts: 1,
      requests: ["HEAD 200", "GET 200", "GET 206"],
    },
    {
      what: "download that takes longer than a lease lasts",
      file: SLOW,
      attempts: 1,
      expected: { fence: 1 },
      requests: ["HEAD 200", "GET 200"],
    },
  ];
  const waits: readonly Trouble[] = [
    {
      what: "503 with Retry-After in seconds",
      file: { name: "busy", size: 4 * KIB, failFirst: 2, retryAfter: 1 },
      attempts: 2,
      requests: ["HEAD 503", "GET 503", "GET 200"],
    },
    {
      what: "503 with Retry-After as a date",
      file: { name: "busy-until", size: 4 * KIB, failFirst: 2, retryAfter: 2, retryAfterAs: "date" },
      attempts: 2,
      requests: ["HEAD 503", "GET 503", "GET 200"],
    },
    {
      what: "429",
      file: { name: "throttled", size: 4 * KIB, failFirst: 2, failStatus: 429 },
      attempts: 2,
      requests: ["HEAD 429", "GET 429", "GET 200"],
    },
  ];
  const heads: readonly Trouble[] = [
    {
      what: "HEAD that fails where GET does not",
      file: { name: "head-fails", size: 4 * KIB, failFirst: 9, failStatus: 404, failMethod: "HEAD" },
      attempts: 1,
      requests: ["HEAD 404", "GET 200"],
    },
  ];
  /** One after the other: a worker whose HEAD failed and whose GET did not asks that host for no HEAD again. */
  const troubles = [bodies, waits, heads];

  it("are retried with the state kept and the lease renewed, and the job ends with the right content", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({
      ...surroundings,
      batchSize: 4,
      // A message that a busy machine delays is none that the reconciler has to send anew.
      workerEnv: { HTTP_IDLE_TIMEOUT_MS: "2500", RETRY_BASE_MS: "50", REQUEUE_GRACE_MS: "60000" },
    });
    for (const together of troubles) await run.download(together.map(({ file }) => file));
    for (const { what, file, attempts, expected, requests } of troubles.flat()) {
      const record = await run.record(file);
      expect.soft(record, what).toMatchObject({ state: "INDEXED", attempts, fence: attempts, ...expected });
      expect.soft(record, what).not.toHaveProperty("reason");
      const asked = surroundings.origin.requestsOf(file).map(({ method, status }) => `${method} ${status}`);
      expect.soft(asked, what).toEqual(requests);
      expect.soft(await run.contentDigest(file), what).toBe(originSha256(file));
      expect.soft(statesOf(run.eventsOf(file)), what).toEqual(WHOLE_LIFE);
    }
    const renewals = run.namesOfEvents(SLOW).filter((event) => event === "lease_renewed").length;
    expect(renewals).toBeGreaterThanOrEqual(3);
    expect(await run.staging()).toEqual([]);
    expect(await run.pipeline.deadLetters()).toEqual([]);
    await run.stop();
    expectAllEventsAndTheirMetrics(run);
  });

  /** What only services of ours cause: `test/slow/services/` has them. */
  const NOT_OF_THE_NETWORK = new Set(["delivery_failed", "clock_off"]);

  /** All other event types occurred; `startRun` checks each event. No worker was killed, so no metric is missing. */
  function expectAllEventsAndTheirMetrics({ seen }: Run): void {
    const wanted = EXAMPLE_EVENTS.map(({ event }) => event).filter((event) => !NOT_OF_THE_NETWORK.has(event));
    expect(new Set(seen.events.map(({ event }) => event))).toEqual(new Set(wanted));
    expect(valuesOf(seen.metrics)).toEqual(measuredIn(seen.events));
    for (const { namespace, dimensions } of seen.metrics) {
      expect(namespace).toBe(METRIC_NAMESPACE);
      expect(dimensions).toEqual({ [METRIC_DIMENSION]: "local" });
    }
  }

  it("such as a connection reset before any answer are retried as well", async () => {
    const surroundings = await startSurroundings();
    const run = await startRun({ ...surroundings, workers: 1, workerEnv: { RETRY_BASE_MS: "50" } });
    let asked = 0;
    const resetting = createServer((request, response) => {
      asked += 1;
      if (asked <= 2) request.socket.resetAndDestroy();
      else response.end("at last");
    });
    resetting.listen(0, "127.0.0.1");
    await once(resetting, "listening");
    try {
      const message = { work_id: "e2e", artifact_id: "reset", url: `${loopbackEndpoint(resetting)}/reset` };
      await run.pipeline.submit([message]);
      await run.untilQueueIsEmpty();
      const [jobKey = ""] = await run.itemKeys("JOB#");
      const record = (await run.records([jobKey.slice("JOB#".length)])).values().next().value;
      expect(record).toMatchObject({ state: "INDEXED", attempts: 2, transfer: { bytes: "at last".length } });
      // HEAD and the first GET are reset; a connection that was used before would be tried again at once.
      expect(asked).toBe(3);
    } finally {
      resetting.closeAllConnections();
      resetting.close();
    }
  });
});
