import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import type { IBucket } from "aws-cdk-lib/aws-s3";

/** What a deployment takes over from its account in the place of making its own. */
export interface Existing {
  /**
   * Gets the content, below `sha256/`. Its policy, lifecycle and encryption stay its owner's: give it what
   * docs/embedding.md says, or nothing but fetchonce's own conditions keeps content from being changed.
   */
  readonly contentBucket?: IBucket | undefined;
  /**
   * Holds the job records: with the key, the index and the stream that docs/embedding.md says, and nothing else in it.
   * It must know its stream (`Table.fromTableAttributes` with `tableStreamArn`).
   */
  readonly table?: ITable | undefined;
  /** Gets the announcements. */
  readonly eventBus?: IEventBus | undefined;
}
