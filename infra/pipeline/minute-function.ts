import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Duration, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { HandlerFunction, type HandlerFunctionProps } from "./handler-function.ts";

const INTERVAL = Duration.minutes(1);
/** A run that failed or could not start is not retried: the next one does its work. */
const NO_SECOND_TRY = { maxEventAge: INTERVAL, retryAttempts: 0 };

export interface MinuteFunctionProps<Variables> extends HandlerFunctionProps<Variables> {
  /** Why a failed run loses nothing: the reason given to cdk-nag, after "A tick carries no work of its own: ". */
  readonly nextTickDoesIt: string;
  /** Whether runs may be so long that several are under way. */
  readonly mayOverlap?: true;
}

/**
 * A function that runs every minute. Two runs may overlap, so its work must be safe to do twice at once. It reserves no
 * concurrency: a new account refuses any reservation (docs/adr/0106-no-reserved-concurrency.md).
 */
export class MinuteFunction<Variables> extends HandlerFunction<Variables> {
  constructor(scope: Construct, id: string, { mayOverlap, nextTickDoesIt, ...props }: MinuteFunctionProps<Variables>) {
    // Then runs overlap only if a tick is delivered late or twice, or if another rule starts the function too.
    if (!mayOverlap && props.timeoutMs >= INTERVAL.toMilliseconds())
      throw new RangeError(
        `${id}: timeoutMs is ${props.timeoutMs}. Write less than ${INTERVAL.toMilliseconds()}: a run must end before the next one is due.`,
      );
    super(scope, id, { ...props, ...NO_SECOND_TRY });
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
