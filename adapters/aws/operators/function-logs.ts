/** The lines that functions have written. */
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-cloudwatch-logs";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { present } from "../../../core/model/present.ts";

/** A line of a log. */
export interface LogLine {
  /** No two lines of a log group have the same, unless they are the same in all else too. */
  readonly id: string;
  readonly atMs: number;
  readonly text: string;
}

interface LogPage {
  /** In the order of their times, as far as CloudWatch has them. */
  readonly lines: readonly LogLine[];
  /** Undefined: nothing more has been ingested. */
  readonly next?: string | undefined;
}

export interface LogQuery {
  readonly group: string;
  readonly fromMs: number;
  /** A filter pattern of CloudWatch. Undefined: all lines. */
  readonly pattern: string | undefined;
  readonly next: string | undefined;
}

export interface FunctionLogs {
  /** The log group of the function of that name. */
  groupOf(functionName: string): Promise<string>;
  page(query: LogQuery): Promise<LogPage>;
}

/** Somebody waits. Times are in milliseconds. CloudWatch refuses what is asked too often for a while. */
const IMPATIENT = { maxAttempts: 6, requestHandler: { connectionTimeout: 3_000, socketTimeout: 20_000 } };

/** It needs lambda:GetFunctionConfiguration and logs:FilterLogEvents. */
export const functionLogs = (
  logs = new CloudWatchLogsClient(IMPATIENT),
  lambda = new LambdaClient(IMPATIENT),
): FunctionLogs => ({
  async groupOf(functionName) {
    const command = new GetFunctionConfigurationCommand({ FunctionName: functionName });
    const { LoggingConfig: config } = await lambda.send(command);
    return present(config?.LogGroup, `the log group of the function ${functionName}`);
  },

  async page({ fromMs, group, next, pattern }) {
    const command = new FilterLogEventsCommand({
      logGroupName: group,
      startTime: fromMs,
      filterPattern: pattern,
      nextToken: next,
    });
    try {
      const { events = [], nextToken } = await logs.send(command);
      return {
        lines: events.map(({ eventId, logStreamName, message = "", timestamp }) => ({
          // Not every emulator gives lines an id.
          id: eventId ?? `${logStreamName} ${timestamp} ${message}`,
          atMs: present(timestamp, "the time of a log event"),
          text: message.trimEnd(),
        })),
        next: nextToken,
      };
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      throw new Error(`There is no log group ${group}. Check whether the deployment has ended.`, { cause: error });
    }
  },
});
