import { FilterCriteria } from "aws-cdk-lib/aws-lambda";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { CANCELLED } from "../../core/model/recovery-protocol.ts";
import { ENDED_STATES } from "../../core/model/states.ts";
import type { AnnouncerEnv } from "../../lambdas/announcer/env.ts";
import { type Deployment, HandlerFunction } from "./handler-function.ts";
import { permit } from "./permissions.ts";
import { readStream } from "./table-stream.ts";

/** Matches the one of a job's writes that ends it. The function checks the record again. */
const ENDS = FilterCriteria.filter({
  dynamodb: {
    NewImage: { state: { S: [...ENDED_STATES] } },
    OldImage: { state: { S: [{ "anything-but": [...ENDED_STATES] }] } },
  },
});

/** The record of a job that was cancelled before it began is new, and says that the job has ended. */
const CANCELLED_UNBEGUN = FilterCriteria.filter({
  eventName: ["INSERT"],
  dynamodb: { NewImage: { reason: { S: [CANCELLED.reason] }, attempts: { N: ["0"] } } },
});

/**
 * How many ended jobs Lambda collects, and for how long. 500 announcements fill four to seven events, of 460 to 800
 * bytes each. Ten seconds fill one at 10 to 14 files a second and shard.
 */
const COLLECTED = {
  single: { batchSize: 100, window: Duration.seconds(1) },
  batched: { batchSize: 500, window: Duration.seconds(10) },
} as const;

/** Announces how each job ended on the event bus, as soon as the table's stream shows its final write. */
export class Announcer extends HandlerFunction<AnnouncerEnv> {
  constructor(scope: Construct, id: string, deployment: Deployment, announcing: AnnouncerEnv["ANNOUNCEMENTS"]) {
    const { data } = deployment;
    super(scope, id, {
      deployment,
      lambda: "announcer",
      description: "Announces how each job ended on the event bus.",
      timeoutMs: 60_000,
      memorySize: 512,
      variables: {
        EVENT_BUS_NAME: data.announcements.eventBusName,
        ANNOUNCEMENTS: announcing,
        CONTENT_BUCKET: data.content.bucketName,
        DEAD_LETTER_QUEUE_URL: data.streamDeadLetters.queueUrl,
      },
    });
    readStream(this, {
      data,
      filters: [ENDS, CANCELLED_UNBEGUN],
      ...COLLECTED[announcing],
      isPartly: true,
    });
    permit(this.role, data.announcements.eventBusArn, ["events:PutEvents"]);
  }
}
