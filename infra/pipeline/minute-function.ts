import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Duration, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { HandlerFunction, type HandlerFunctionProps } from "./handler-function.ts";

const INTERVAL = Duration.minutes(1);
const ONE_AT_A_TIME = { reservedConcurrentExecutions: 1 };
/** A run that could not start or failed is not made up for: the next one does its work. */
const NO_SECOND_TRY = { maxEventAge: INTERVAL, retryAttempts: 0 };

export interface MinuteFunctionProps<Variables> extends HandlerFunctionProps<Variables> {
  /** Why nothing is lost with a run that failed. */
  readonly nextTickDoesIt: string;
}

/** A function that runs every minute, one run at a time. */
export class MinuteFunction<Variables> extends HandlerFunction<Variables> {
  constructor(scope: Construct, id: string, { nextTickDoesIt, ...props }: MinuteFunctionProps<Variables>) {
    // Shorter than the interval: a run is over before the next is due.
    if (props.timeoutMs >= INTERVAL.toMilliseconds())
      throw new RangeError(`${id}: write a timeout below ${INTERVAL.toHumanString()}, not ${props.timeoutMs} ms.`);
    super(scope, id, { ...props, ...ONE_AT_A_TIME, ...NO_SECOND_TRY });
    this.runBy(new Rule(this, "Schedule", { schedule: Schedule.rate(INTERVAL) }));
    Validations.of(this).acknowledge(
      ...["Serverless-LambdaDLQ", "Serverless-LambdaAsyncFailureDestination", "Serverless-EventBusDLQ"].map((rule) => ({
        id: rule,
        reason: `A tick carries no work of its own: ${nextTickDoesIt}`,
      })),
    );
  }

  protected runBy(rule: Rule): void {
    rule.addTarget(new LambdaFunction(this.function, NO_SECOND_TRY));
  }
}
