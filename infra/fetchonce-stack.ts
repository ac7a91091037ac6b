import { Stack } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { Environment } from "./environments/environment.ts";
import { deploymentNameOf } from "./environments/environments.ts";

interface FetchonceStackProps {
  readonly name: string;
  readonly environment: Environment;
  /** Appended to the deployment's name; empty for the data stack, which is named like the deployment. */
  readonly suffix: string;
  readonly description: string;
}

/** One stack of a deployment. CloudFormation copies its tags to every resource that supports tags. */
export class FetchonceStack extends Stack {
  constructor(scope: Construct, id: string, { name, environment, suffix, description }: FetchonceStackProps) {
    super(scope, id, {
      // Of both stacks: `cdk destroy --all` begins with the pipeline, and would take the workers and the alarms away
      // before the data stack refuses.
      terminationProtection: environment.protectData,
      stackName: `${deploymentNameOf(name)}${suffix}`,
      description: `fetchonce (${name}): ${description}`,
      tags: { project: "fetchonce", environment: name },
    });
  }
}
