import {
  AttributeType,
  BillingMode,
  type ITable,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
  type WarmThroughput,
} from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { RemovalPolicy, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { WATCH_INDEX } from "../../core/model/keys.ts";
import type { ExpiredRecords } from "../environments/environment.ts";

export interface JobsTableProps {
  readonly protectData: boolean;
  readonly pointInTimeRecovery: boolean;
  readonly expiredRecords: ExpiredRecords;
  /** Jobs a second that the table and its index take at once. Undefined: what DynamoDB gives a new table. */
  readonly warmJobsASecond: number | undefined;
  readonly encryptionKey?: IKey | undefined;
}

/** The table of the job records, whoever made it. */
export interface JobRecords {
  readonly tableName: string;
  readonly tableArn: string;
  /** Stream of the changes to items, in order for each item. DynamoDB keeps it for 24 hours and allows two readers. */
  readonly streamArn: string;
  /** The customer's key. */
  readonly encryptionKey?: IKey | undefined;
}

/** @throws RangeError if the table does not know its stream. */
export function recordsIn(table: ITable | JobsTable): JobRecords {
  const { encryptionKey, tableArn, tableName, tableStreamArn: streamArn } = table;
  if (streamArn === undefined)
    throw new RangeError(
      "existing.table knows no stream. Give the table a stream of new and old images, and name it: " +
        "Table.fromTableAttributes(scope, id, { tableArn, tableStreamArn }).",
    );
  return { tableArn, tableName, streamArn, encryptionKey };
}

export const watchIndexArnOf = ({ tableArn }: JobRecords): string => `${tableArn}/index/${WATCH_INDEX}`;

/** Write units of a job: six writes of records of up to 1 KB; two of them also change the index. */
const UNITS_OF_A_JOB = { table: 6, index: 2 };
/** What DynamoDB gives a new on-demand table or index, in units a second: it refuses to set less. */
const LEAST_WARM = { read: 12_000, write: 4_000 };

const warmFor = (jobsASecond: number | undefined, unitsOfAJob: number): { warmThroughput?: WarmThroughput } =>
  jobsASecond === undefined
    ? {}
    : {
        warmThroughput: {
          readUnitsPerSecond: LEAST_WARM.read,
          writeUnitsPerSecond: Math.max(LEAST_WARM.write, jobsASecond * unitsOfAJob),
        },
      };

/** Job records, the index of content hashes, and a sparse, sharded index of the jobs that the reconciler must watch. */
export class JobsTable extends Table implements JobRecords {
  readonly streamArn: string;

  constructor(scope: Construct, id: string, props: JobsTableProps) {
    const { encryptionKey, protectData, pointInTimeRecovery, expiredRecords, warmJobsASecond } = props;
    super(scope, id, {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      ...warmFor(warmJobsASecond, UNITS_OF_A_JOB.table),
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      // Records carry `expires_at` under every setting, so `expiredRecords` can be changed later for existing records.
      ...(expiredRecords !== "keep" && { timeToLiveAttribute: "expires_at" }),
      ...(encryptionKey && { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      deletionProtection: protectData,
      removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });

    ({ streamArn: this.streamArn } = recordsIn(this));

    // A job that needs no watching has neither attribute: it is not in the index and costs no index write.
    this.addGlobalSecondaryIndex({
      indexName: WATCH_INDEX,
      partitionKey: { name: "watch_shard", type: AttributeType.NUMBER },
      sortKey: { name: "watch_at", type: AttributeType.NUMBER },
      projectionType: ProjectionType.KEYS_ONLY,
      ...warmFor(warmJobsASecond, UNITS_OF_A_JOB.index),
    });

    if (!pointInTimeRecovery)
      Validations.of(this).acknowledge({
        id: "AwsSolutions-DDB3",
        reason: "An environment without point-in-time recovery can plan its jobs again from their manifest.",
      });
  }
}
