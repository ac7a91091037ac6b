import type { ITopic } from "aws-cdk-lib/aws-sns";

/** Topics that alarms of each severity are sent to. Their policies must let CloudWatch publish. */
export interface AlarmTopics {
  /** Somebody must act now. */
  readonly page: ITopic;
  /** Somebody must act within days. */
  readonly ticket: ITopic;
}
