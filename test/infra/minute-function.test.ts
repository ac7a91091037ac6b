import { Stack } from "aws-cdk-lib/core";
import { expect, it } from "vitest";
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { MinuteFunction } from "../../infra/pipeline/minute-function.ts";

it("a function that runs every minute must have a timeout below one minute", () => {
  const props = {
    lambda: "reconciler",
    deployment: { name: "dev", environment: ENVIRONMENTS.dev },
    nextTickDoesIt: "it does",
    variables: {},
  } as const;
  expect(() => new MinuteFunction<object>(new Stack(), "Slow", { ...props, timeoutMs: 60_000 })).toThrow(
    "Slow: timeoutMs is 60000. Write less than 60000: a run must end before the next one is due.",
  );
});
