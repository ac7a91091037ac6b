import { fileURLToPath } from "node:url";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, type FunctionOptions, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogLevel, NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, LogGroupClass, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";

const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url));

type Options =
  | "description"
  | "memorySize"
  | "recursiveLoop"
  | "reservedConcurrentExecutions"
  | "maxEventAge"
  | "retryAttempts";

export interface HandlerFunctionProps<Variables> extends Pick<FunctionOptions, Options> {
  /** The folder in `lambdas/` whose `handler.ts` it runs. */
  readonly lambda: string;
  readonly timeoutMs: number;
  readonly logRetention: RetentionDays;
  /** Every variable the handler's `env.ts` reads: one that is missing does not compile. */
  readonly environment: Readonly<Record<keyof Variables, string>>;
}

/** A Lambda function of ours: one ESM file with everything in it, a log group, and a role that may only log so far. */
export class HandlerFunction<Variables> extends Construct {
  readonly role: Role;
  readonly function: NodejsFunction;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps<Variables>) {
    super(scope, id);
    const { lambda, timeoutMs, logRetention, environment, ...options } = props;

    // Only the STANDARD class turns embedded metrics into metrics.
    const logGroup = new LogGroup(this, "Logs", {
      retention: logRetention,
      logGroupClass: LogGroupClass.STANDARD,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(this.role);

    this.function = new NodejsFunction(this, "Function", {
      ...options,
      // A stack in the log names lines of the sources. Costs 8 ms of a cold start of 100.
      environment: { ...environment, NODE_OPTIONS: "--enable-source-maps" },
      entry: `${PROJECT_ROOT}lambdas/${lambda}/handler.ts`,
      projectRoot: PROJECT_ROOT,
      depsLockFilePath: `${PROJECT_ROOT}package-lock.json`,
      handler: "handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.millis(timeoutMs),
      // To CDK a stranger's: it can add no permission of its own, nor a dependency beside the reference.
      role: Role.fromRoleArn(this, "RoleByArn", this.role.roleArn, { mutable: false }),
      logGroup,
      awsSdkConnectionReuse: false,
      bundling: {
        format: OutputFormat.ESM,
        target: "node24",
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        logLevel: LogLevel.WARNING,
        bundleAwsSDK: true,
        // Without "module" esbuild takes the SDK's CommonJS files: 825 KB instead of 568.
        mainFields: ["module", "main"],
        // Lambda hands credentials over in the environment; the SDK's chain of other sources is 108 KB.
        esbuildArgs: { "--alias:@aws-sdk/credential-provider-node": "./adapters/aws/lambda-credentials.ts" },
        // Bundled CommonJS calls require, which an ES module has not.
        banner:
          "import{createRequire as _createRequire}from'node:module';const require=_createRequire(import.meta.url);",
      },
    });
    // Without its permissions a function could be invoked in vain.
    this.function.node.addDependency(this.role.node.findChild("DefaultPolicy"));
    Validations.of(this).acknowledge({
      id: "Serverless-LambdaTracing",
      reason:
        "A trace would end with the invocation and needs a right on `*`; a job's events tell its path through all of them.",
    });
  }
}
