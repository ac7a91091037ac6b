import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  type AssetCode,
  Code,
  Function as LambdaFunction,
  type FunctionOptions,
  Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, LogGroupClass } from "aws-cdk-lib/aws-logs";
import { AssetHashType, DockerImage, Duration, RemovalPolicy, Validations } from "aws-cdk-lib/core";
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

/**
 * A program of its own makes the bundle: the construct that CDK has for it takes no plugins of esbuild
 * ([ADR 0107](../../docs/adr/0107-bundles-are-made-by-a-program.md)).
 */
const bundled = (lambda: string): AssetCode => {
  const program = ["infra/bundling/bundle.ts", lambda];
  return Code.fromAsset(PROJECT_ROOT, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // CDK shares what is made by the same command.
      command: program,
      local: {
        tryBundle(folder) {
          execFileSync(process.execPath, [...program, folder], { cwd: PROJECT_ROOT, stdio: ["ignore", 2, 2] });
          return true;
        },
      },
      image: DockerImage.fromRegistry("none: a bundle is always made on this machine"),
    },
  });
};

/** A Lambda function: one bundled ESM file, a log group, and a role that may only write logs until given more. */
export class HandlerFunction<Variables> extends Construct {
  readonly role: Role;
  readonly function: LambdaFunction;

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

    this.function = new LambdaFunction(this, "Function", {
      ...options,
      // A stack in the log names lines of the sources. Costs 8 ms of a cold start of 100.
      environment: { ENVIRONMENT_NAME: deployment.name, ...variables, NODE_OPTIONS: "--enable-source-maps" },
      code: bundled(lambda),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.millis(timeoutMs),
      // Imported as immutable, so that the CDK can add neither permissions nor dependencies of its own.
      role: Role.fromRoleArn(this, "RoleByArn", this.role.roleArn, { mutable: false }),
      logGroup,
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
