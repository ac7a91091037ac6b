/** What the real, bundled handlers say when it is not the origin that fails, but the table, S3 or a clock. */
import { describe, expect, it, onTestFinished } from "vitest";
import { METRIC_DIMENSION, VERSION_DIMENSION, VERSION_METRIC } from "../../../core/telemetry/metrics.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { measuredIn, valuesOf } from "../../embedded-metrics.ts";
import { startFaultyService, type Fault } from "./refusing-services.ts";
import { KIB, type Run, type SeenEvent, startRun, startSurroundings, until } from "../../e2e/support.ts";

const VERSION = "7";
const FILE: OriginFile = { name: "file", size: 4 * KIB };

const eventsNamed = <Name extends SeenEvent["event"]>(run: Run, name: Name) =>
  run.seen.events.filter((event): event is Extract<SeenEvent, { event: Name }> => event.event === name);

async function startWith(variable: string, fault: Fault) {
  const end = new AsyncDisposableStack();
  onTestFinished(async () => end.disposeAsync());
  const service = await startFaultyService(fault, end);
  const run = await startRun({
    ...(await startSurroundings(end)),
    workerEnv: {
      [variable]: service.endpoint,
      RETRY_BASE_MS: "100",
      RETRY_CAP_MS: "100",
      AWS_LAMBDA_FUNCTION_VERSION: VERSION,
    },
  });
  return { run, service, end };
}

/** The first event of a kind is there, and the metrics that the handlers wrote are those of their events. */
async function heard(run: Run, name: SeenEvent["event"]): Promise<void> {
  await until(`a ${name}`, async () => (eventsNamed(run, name).length > 0 ? undefined : "nothing is said"));
  await run.stop();
  expect(valuesOf(ofAll(run))).toEqual(measuredIn(run.seen.events));
  expect(run.seen.metrics.every(({ dimensions }) => METRIC_DIMENSION in dimensions)).toBe(true);
  // New code is judged by what its own version failed to do.
  const failed = eventsNamed(run, "delivery_failed").length;
  const counted = run.seen.metrics.filter(({ dimensions }) => VERSION_DIMENSION in dimensions);
  expect(counted.every(({ dimensions }) => String(dimensions[VERSION_DIMENSION]).endsWith(`:${VERSION}`))).toBe(true);
  expect((valuesOf(counted)[`${VERSION_METRIC} in Count`] ?? []).reduce((sum, value) => sum + value, 0)).toBe(failed);
}

const ofAll = ({ seen }: Run) => seen.metrics.filter(({ dimensions }) => !(VERSION_DIMENSION in dimensions));

describe("a worker whose table refuses everything", () => {
  it.each([
    ["denies", /^unexpected:AccessDeniedException$/],
    ["throttles", /^unexpected:ThrottlingException$/],
    ["is gone", /^unexpected:/],
  ] as const)("that %s: says so of each delivery, and counts the message once", async (fault, errorClass) => {
    const { run } = await startWith("AWS_ENDPOINT_URL_DYNAMODB", fault);
    await run.submit([FILE]);
    await heard(run, "delivery_failed");
    const [first] = eventsNamed(run, "delivery_failed");
    expect(first).toMatchObject({ component: "worker", attempt: 1, job_id: run.idOf(FILE) });
    // The gate is the first thing that is read: its own error says so.
    expect(first?.error_class).toMatch(new RegExp(`${errorClass.source}|^unexpected:GateUnknownError$`));
    expect(valuesOf(ofAll(run))["MessagesFailing in Count"]).toEqual([1]);
    expect(eventsNamed(run, "job_planned")).toEqual([]);
  });
});

it("a worker whose S3 refuses every object says so of each attempt, and counts the job once", async () => {
  const { run } = await startWith("AWS_ENDPOINT_URL_S3", "denies");
  await run.submit([FILE]);
  await heard(run, "delivery_failed");
  const [first] = eventsNamed(run, "delivery_failed");
  expect(first).toMatchObject({ component: "worker", attempt: 1, job_id: run.idOf(FILE) });
  expect(valuesOf(ofAll(run))["MessagesFailing in Count"]).toEqual([1]);
});

it("a worker whose clock is four minutes ahead of the table's says so, and works on", async () => {
  const { run, service } = await startWith("AWS_ENDPOINT_URL_DYNAMODB", "is four minutes behind");
  const { endpoint } = run.pipeline.clients.dynamodb.config;
  const { protocol, hostname, port } = (await endpoint?.()) ?? {};
  service.target = `${protocol}//${hostname}:${port}`;
  await run.download([FILE]);
  await heard(run, "clock_off");
  const [first] = eventsNamed(run, "clock_off");
  expect(first).toMatchObject({ component: "worker", against: "service" });
  expect(first?.off_by_ms).toBeGreaterThan(230_000);
  expect(valuesOf(ofAll(run))["ClocksOff in Count"]).toContain(1);
});
