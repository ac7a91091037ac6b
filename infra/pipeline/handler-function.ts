import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Architecture, Function as LambdaFunction, type FunctionOptions, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, LogGroupClass } from "aws-cdk-lib/aws-logs";
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { functionCode } from "../bundling/function-code.ts";
import type { Data } from "../data/data.ts";
import type { Environment } from "../environments/environment.ts";
import type { FunctionsNetwork } from "./network.ts";
import { permitKey, permitNetwork } from "./permissions.ts";

type Options = "description" | "memorySize" | "recursiveLoop" | "maxEventAge" | "retryAttempts";

/** What every function is made for. */
export interface Deployment {
  /** The value of the dimension `environment` of its metrics. */
  readonly name: string;
  /** What alarms, rules and the dashboard are called begins with it. */
  readonly prefix: string;
  readonly environment: Environment;
  readonly data: Data;
  /** Undefined: the functions run outside of any VPC. */
  readonly network?: FunctionsNetwork | undefined;
  /** Encrypts the functions' logs and variables. Undefined: keys of AWS. */
  readonly encryptionKey?: IKey | undefined;
}

export interface HandlerFunctionProps<Variables> extends Pick<FunctionOptions, Options> {
  readonly deployment: Omit<Deployment, "data" | "prefix"> & { readonly data?: Pick<Data, "keys"> };
  /** The folder in `lambdas/` whose `handler.ts` the function runs. */
  readonly lambda: string;
  readonly timeoutMs: number;
  /** Every variable that the handler's `env.ts` reads, except `ENVIRONMENT_NAME`. A missing one is a compile error. */
  readonly variables: Readonly<Record<Exclude<keyof Variables, "ENVIRONMENT_NAME">, string>>;
}

/** A Lambda function: one bundled ESM file, a log group, and a role that may only write logs until given more. */
export class HandlerFunction<Variables> extends Construct {
  readonly role: Role;
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps<Variables>) {
    super(scope, id);
    const { deployment, lambda, timeoutMs, variables, ...options } = props;
    const { data, encryptionKey, environment, name, network } = deployment;

    // Only the STANDARD class turns the embedded metric format into metrics.
    const logGroup = new LogGroup(this, "Logs", {
      retention: environment.logRetention,
      logGroupClass: LogGroupClass.STANDARD,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey && { encryptionKey }),
    });
    this.role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(this.role);
    for (const key of data?.keys ?? []) permitKey(this.role, key);
    if (network) permitNetwork(this.role);

    this.function = new LambdaFunction(this, "Function", {
      ...options,
      // A stack in the log names lines of the sources. Costs 8 ms of a cold start of 100.
      environment: { ENVIRONMENT_NAME: name, ...variables, NODE_OPTIONS: "--enable-source-maps" },
      ...(encryptionKey && { environmentEncryption: encryptionKey }),
      code: functionCode(lambda),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.millis(timeoutMs),
      // Imported as immutable, so that the CDK can add neither permissions nor dependencies of its own.
      role: Role.fromRoleArn(this, "RoleByArn", this.role.roleArn, { mutable: false }),
      logGroup,
      ...(network && {
        vpc: network.vpc,
        securityGroups: [...network.securityGroups],
        ...(network.subnets && { vpcSubnets: network.subnets }),
      }),
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
