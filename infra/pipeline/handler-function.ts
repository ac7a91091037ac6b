import { fileURLToPath } from "node:url";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, type FunctionOptions, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogLevel, NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, LogGroupClass } from "aws-cdk-lib/aws-logs";
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { DataStack } from "../data/data-stack.ts";
import type { Environment } from "../environments/environment.ts";
import type { EnvironmentName } from "../environments/environments.ts";

const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url));

type Options = "description" | "memorySize" | "recursiveLoop" | "maxEventAge" | "retryAttempts";

/** What every function is made for. */
export interface Deployment {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly data: DataStack;
}

export interface HandlerFunctionProps<Variables> extends Pick<FunctionOptions, Options> {
  readonly deployment: Pick<Deployment, "name" | "environment">;
  /** The folder in `lambdas/` whose `handler.ts` the function runs. */
  readonly lambda: string;
  readonly timeoutMs: number;
  /** Every variable that the handler's `env.ts` reads, except `ENVIRONMENT_NAME`. A missing one is a compile error. */
  readonly variables: Readonly<Record<Exclude<keyof Variables, "ENVIRONMENT_NAME">, string>>;
}

/** A Lambda function: one bundled ESM file, a log group, and a role that may only write logs until given more. */
export class HandlerFunction<Variables> extends Construct {
  readonly role: Role;
  readonly function: NodejsFunction;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps<Variables>) {
    super(scope, id);
    const { deployment, lambda, timeoutMs, variables, ...options } = props;

    // Only the STANDARD class turns the embedded metric format into metrics.
    const logGroup = new LogGroup(this, "Logs", {
      retention: deployment.environment.logRetention,
      logGroupClass: LogGroupClass.STANDARD,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(this.role);

    this.function = new NodejsFunction(this, "Function", {
      ...options,
      // A stack in the log names lines of the sources. Costs 8 ms of a cold start of 100.
      environment: { ENVIRONMENT_NAME: deployment.name, ...variables, NODE_OPTIONS: "--enable-source-maps" },
      entry: `${PROJECT_ROOT}lambdas/${lambda}/handler.ts`,
      projectRoot: PROJECT_ROOT,
      depsLockFilePath: `${PROJECT_ROOT}package-lock.json`,
      handler: "handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.millis(timeoutMs),
      // Imported as immutable, so that the CDK can add neither permissions nor dependencies of its own.
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
        // Without "module" esbuild bundles the SDK's CommonJS files: 825 KB instead of 568 KB.
        mainFields: ["module", "main"],
        // Lambda provides credentials in environment variables; the SDK's chain of other sources would add 108 KB.
        // What else we never call takes 58 KB. Licences are in a file beside the bundle.
        esbuildArgs: {
          "--legal-comments": "external",
          "--alias:@aws-sdk/credential-provider-node": "./adapters/aws/lambda-credentials.ts",
          "--alias:@aws-sdk/middleware-endpoint-discovery": "./adapters/aws/left-out/endpoint-discovery.ts",
          "--alias:@aws-sdk/signature-v4-multi-region": "./adapters/aws/left-out/multi-region-signatures.ts",
          "--alias:@smithy/core/event-streams": "./adapters/aws/left-out/event-streams.ts",
          "--alias:@aws/lambda-invoke-store": "./adapters/aws/left-out/invoke-store.ts",
          "--alias:@aws-lambda-powertools/jmespath/functions": "./adapters/powertools/left-out/jmespath.ts",
          "--alias:@aws-lambda-powertools/jmespath": "./adapters/powertools/left-out/jmespath.ts",
        },
        // Bundled CommonJS code calls `require`, which ES modules do not have.
        banner:
          "import{createRequire as _createRequire}from'node:module';const require=_createRequire(import.meta.url);",
      },
    });
    // The policy must exist first: a function invoked without its permissions would fail.
    this.function.node.addDependency(this.role.node.findChild("DefaultPolicy"));
    Validations.of(this).acknowledge({
      id: "Serverless-LambdaTracing",
      reason:
        "A trace ends with its invocation and needs a permission on `*`; a job's events show its path through all invocations.",
    });
  }
}
