import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { RemovalPolicy, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { WATCH_INDEX } from "../../core/model/keys.ts";
import type { ExpiredRecords } from "../environments/environments.ts";

export interface JobsTableProps {
  readonly protectData: boolean;
  readonly pointInTimeRecovery: boolean;
  readonly expiredRecords: ExpiredRecords;
}

/** Job records and the hash index, and a sparse, sharded index of the jobs that the reconciler has to watch. */
export class JobsTable extends Table {
  readonly watchIndexName = WATCH_INDEX;
  readonly watchIndexArn = `${this.tableArn}/index/${WATCH_INDEX}`;

  /** Of what happens to its items, in order for each: kept for a day, for two readers at most. */
  readonly streamArn: string;

  constructor(scope: Construct, id: string, props: JobsTableProps) {
    const { protectData, pointInTimeRecovery, expiredRecords } = props;
    super(scope, id, {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      // Records say when their time is over in any case: what becomes of them can be decided anew.
      ...(expiredRecords !== "keep" && { timeToLiveAttribute: "expires_at" }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      deletionProtection: protectData,
      removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });

    if (this.tableStreamArn === undefined) throw new TypeError("A table with a stream has the stream's ARN.");
    this.streamArn = this.tableStreamArn;

    // A job that needs no watching has neither attribute, so it is not in the index and costs no index write.
    this.addGlobalSecondaryIndex({
      indexName: WATCH_INDEX,
      partitionKey: { name: "watch_shard", type: AttributeType.NUMBER },
      sortKey: { name: "watch_at", type: AttributeType.NUMBER },
      projectionType: ProjectionType.KEYS_ONLY,
    });

    if (!pointInTimeRecovery)
      Validations.of(this).acknowledge({
        id: "AwsSolutions-DDB3",
        reason:
          "Where the environment turns point-in-time recovery off, its jobs can be planned again from their manifest.",
      });
  }
}
