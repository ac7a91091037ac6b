/** Which permission each operation needs, according to AWS's service authorization reference. */
import { z } from "zod";
import { arnOf } from "../../embedded-aws/template/template.ts";
import type { Call } from "./recorder.ts";

export interface Permission {
  readonly action: string;
  /** A concrete ARN in what a call needs, a pattern in what is granted. */
  readonly resource: string;
}

const bucketArn = (name: string): string => arnOf("AWS::S3::Bucket", name);
const NOT_FOUND = 404;

const onBucket =
  (action: string) =>
  ({ input }: Call): Permission[] => [{ action, resource: bucketArn(z.string().parse(input["Bucket"])) }];

const onObject =
  (action: string) =>
  ({ input }: Call): Permission[] => {
    const { Bucket, Key } = z.object({ Bucket: z.string(), Key: z.string() }).parse(input);
    return [{ action, resource: `${bucketArn(Bucket)}/${Key}` }];
  };

/** S3 answers 404 only to a caller that has ListBucket; without it the answer is 403. */
const listIfMissing = (bucket: string, { refusedWith }: Call): Permission[] =>
  refusedWith === NOT_FOUND ? [{ action: "s3:ListBucket", resource: bucketArn(bucket) }] : [];

const readObject = (call: Call): Permission[] => [
  ...onObject("s3:GetObject")(call),
  ...listIfMissing(z.string().parse(call.input["Bucket"]), call),
];

const copyObject = (call: Call): Permission[] => {
  const [bucket = "", ...key] = decodeURIComponent(z.string().parse(call.input["CopySource"])).split("/");
  return [
    ...onObject("s3:PutObject")(call),
    { action: "s3:GetObject", resource: `${bucketArn(bucket)}/${key.join("/")}` },
    ...listIfMissing(bucket, call),
  ];
};

const onTable =
  (action: string) =>
  ({ input }: Call): Permission[] => {
    const { TableName, IndexName } = z.object({ TableName: z.string(), IndexName: z.string().optional() }).parse(input);
    const table = arnOf("AWS::DynamoDB::Table", TableName);
    return [{ action, resource: IndexName === undefined ? table : `${table}/index/${IndexName}` }];
  };

const onTables =
  (action: string) =>
  ({ input }: Call): Permission[] =>
    Object.keys(z.record(z.string(), z.unknown()).parse(input["RequestItems"])).map((table) => ({
      action,
      resource: arnOf("AWS::DynamoDB::Table", table),
    }));

const onQueue =
  (action: string) =>
  ({ input }: Call): Permission[] => {
    const name = z.string().parse(input["QueueUrl"]).split("/").at(-1) ?? "";
    return [{ action, resource: arnOf("AWS::SQS::Queue", name) }];
  };

const onBuses = ({ input }: Call): Permission[] => {
  const { Entries } = z.object({ Entries: z.array(z.object({ EventBusName: z.string() })) }).parse(input);
  return Entries.map(({ EventBusName }) => ({
    action: "events:PutEvents",
    resource: arnOf("AWS::Events::EventBus", EventBusName),
  }));
};

const NEEDED: Readonly<Record<string, (call: Call) => Permission[]>> = {
  "DynamoDB UpdateItem": onTable("dynamodb:UpdateItem"),
  "DynamoDB GetItem": onTable("dynamodb:GetItem"),
  "DynamoDB Query": onTable("dynamodb:Query"),
  "DynamoDB BatchGetItem": onTables("dynamodb:BatchGetItem"),
  "SQS SendMessage": onQueue("sqs:SendMessage"),
  "SQS SendMessageBatch": onQueue("sqs:SendMessage"),
  "SQS ReceiveMessage": onQueue("sqs:ReceiveMessage"),
  "SQS DeleteMessageBatch": onQueue("sqs:DeleteMessage"),
  "SQS ChangeMessageVisibility": onQueue("sqs:ChangeMessageVisibility"),
  "CloudWatch DescribeAlarms": () => [{ action: "cloudwatch:DescribeAlarms", resource: "*" }],
  "EventBridge PutEvents": onBuses,
  "S3 PutObject": onObject("s3:PutObject"),
  "S3 CreateMultipartUpload": onObject("s3:PutObject"),
  "S3 UploadPart": onObject("s3:PutObject"),
  "S3 CompleteMultipartUpload": onObject("s3:PutObject"),
  "S3 AbortMultipartUpload": onObject("s3:AbortMultipartUpload"),
  "S3 ListParts": onObject("s3:ListMultipartUploadParts"),
  "S3 CopyObject": copyObject,
  "S3 UploadPartCopy": copyObject,
  "S3 HeadObject": readObject,
  "S3 GetObject": readObject,
  "S3 DeleteObject": onObject("s3:DeleteObject"),
  "S3 ListObjectsV2": onBucket("s3:ListBucket"),
  "S3 ListMultipartUploads": onBucket("s3:ListBucketMultipartUploads"),
};

export function neededFor(call: Call): readonly Permission[] {
  const needed = NEEDED[`${call.service} ${call.operation}`];
  if (!needed) {
    throw new Error(
      `${call.caller} calls ${call.service}.${call.operation}, and no permission is listed for it. ` +
        "Look it up in the service authorization reference and add it to test/infra/grants/iam-actions.ts.",
    );
  }
  return needed(call);
}
