import { afterEach, describe, expect, it, vi } from "vitest";
import { commandGate } from "../../../core/gate/command-gate.ts";
import { createHandler } from "../../../lambdas/gate-rollout/create-handler.ts";
import { world } from "../../simulation/world.ts";
import { INVOCATION } from "../../invocation.ts";

const SCHEDULED = { source: "aws.events", "detail-type": "Scheduled Event", detail: {} };
const alarmEvent = (value: string) => ({
  source: "aws.cloudwatch",
  "detail-type": "CloudWatch Alarm State Change",
  resources: ["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:slo-burning"],
  detail: {
    alarmName: "slo-burning",
    state: { value, reason: "because", timestamp: "2026-11-25T10:00:00.000+0000" },
    previousState: { value: "OK", timestamp: "2026-11-25T09:00:00.000+0000" },
    configuration: { alarmRule: "ALARM(job-completion-fast)" },
  },
});

async function rollingOut() {
  const w = world();
  const flush = vi.fn<() => void>();
  const author = { by: "test", reason: "test" };
  await commandGate(w.deps, { kind: "off" }, author);
  await commandGate(w.deps, { kind: "start" }, author);
  const handler = createHandler({
    clock: w.clock,
    items: w.items,
    alarms: { states: async () => [{ name: "slo-burning", state: "OK", sinceMs: 0 }] },
    telemetry: { ...w.deps.telemetry, flush },
    settings: { bakeMs: 1000, blindMs: 1000 },
  });
  return { ...w, flush, handler };
}

describe("the rollout controller's handler", () => {
  it("rolls back on an ALARM event even if the alarms are OK again", async () => {
    const { handler, flush } = await rollingOut();
    expect(await handler(alarmEvent("ALARM"), INVOCATION)).toEqual({ percent: 0, phase: "rolled_back" });
    expect(flush).toHaveBeenCalledOnce();
  });

  it.each([
    ["a scheduled event", SCHEDULED],
    ["an alarm's change to OK", alarmEvent("OK")],
    ["a missing event", undefined],
  ])("reads the alarms itself on %s", async (_what, event) => {
    const { clock, handler } = await rollingOut();
    expect(await handler(event, INVOCATION)).toEqual({ percent: 5, phase: "baking" });
    await clock.advance(1000);
    expect(await handler(event, INVOCATION)).toEqual({ percent: 25, phase: "baking" });
  });

  it("flushes its telemetry also if it fails", async () => {
    const { items, handler, flush } = await rollingOut();
    vi.spyOn(items, "read").mockRejectedValue(new Error("throttled"));
    await expect(handler(SCHEDULED, INVOCATION)).rejects.toThrow("throttled");
    expect(flush).toHaveBeenCalledOnce();
  });
});

describe("the module of the rollout controller", () => {
  const VARIABLES = {
    AWS_REGION: "us-east-1",
    ENVIRONMENT_NAME: "test",
    TABLE_NAME: "table",
    ALARM_NAMES: "a,b",
    BAKE_MS: "1",
    BLIND_MS: "1",
  };

  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  it("exports a handler", async () => {
    for (const [name, value] of Object.entries(VARIABLES)) vi.stubEnv(name, value);
    await expect(import("../../../lambdas/gate-rollout/handler.ts")).resolves.toHaveProperty("handler");
  });

  it.each(Object.keys(VARIABLES).slice(1))("fails to load without the variable %s", async (missing) => {
    for (const [name, value] of Object.entries(VARIABLES)) vi.stubEnv(name, name === missing ? "" : value);
    await expect(import("../../../lambdas/gate-rollout/handler.ts")).rejects.toThrow(missing);
  });
});
