/** An app that embeds fetchonce twice: as it is, and as an account with rules of its own wants it. */
import { Vpc } from "aws-cdk-lib/aws-ec2";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { App, RemovalPolicy, Stack, Validations } from "aws-cdk-lib/core";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { Fetchonce } from "fetchonce/cdk";

const app = new App();
const stack = new Stack(app, "Library");
const concurrency = Number(app.node.tryGetContext("concurrency") ?? 20);
/** Replace it with your VPC, or with `Vpc.fromLookup(stack, "Vpc", { vpcId })` in a stack that names its account. */
const vpcAttributes = app.node.tryGetContext("vpc") ?? {
  vpcId: "vpc-0123456789abcdef0",
  availabilityZones: ["eu-central-1a", "eu-central-1b"],
  privateSubnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
  privateSubnetRouteTableIds: ["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
};

/** Theses: whatever is not said is as in production. */
const theses = new Fetchonce(stack, "Theses", { settings: { protectData: false } });

/** Papers: in a VPC, encrypted by the account's own key, into a bucket that is there already. */
const encryptionKey = new Key(stack, "Key", { enableKeyRotation: true, removalPolicy: RemovalPolicy.DESTROY });
const papers = new Fetchonce(stack, "Papers", {
  namePrefix: "library-papers",
  encryptionKey,
  network: { vpc: Vpc.fromVpcAttributes(stack, "Vpc", vpcAttributes), endpoints: "gateway" },
  existing: { contentBucket: Bucket.fromBucketName(stack, "Content", "the-library") },
  settings: { protectData: false, workerConcurrency: concurrency, contact: "mailto:library@example.org" },
  tags: { team: "library" },
});

/** What this app does with them: a crawler sends jobs, and a queue gets what was stored and what has failed. */
const crawler = new Role(stack, "Crawler", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
for (const work of [papers, theses]) work.grantSubmit(crawler);
const lost = new Queue(stack, "Lost", { enforceSSL: true });
Validations.of(lost).acknowledge({ id: "Serverless-SQSRedrivePolicy", reason: "It is a dead-letter queue itself." });
const ended = new Queue(stack, "Ended", { enforceSSL: true, deadLetterQueue: { queue: lost, maxReceiveCount: 5 } });
papers.onStored("Stored", new SqsQueue(ended, { deadLetterQueue: lost }));
papers.onFailed("Failed", new SqsQueue(ended, { deadLetterQueue: lost }));

Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
