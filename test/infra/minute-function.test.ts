import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Stack } from "aws-cdk-lib/core";
import { expect, it } from "vitest";
import { MinuteFunction } from "../../infra/pipeline/minute-function.ts";

it("a function that runs every minute must have a timeout below one minute", () => {
  const props = {
    lambda: "reconciler",
    logRetention: RetentionDays.ONE_DAY,
    nextTickDoesIt: "it does",
    environment: {},
  };
  expect(() => new MinuteFunction<object>(new Stack(), "Slow", { ...props, timeoutMs: 60_000 })).toThrow(
    "Slow: write a timeout below 1 minute, not 60000 ms.",
  );
});
