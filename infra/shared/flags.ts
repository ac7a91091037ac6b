import { CURRENTLY_RECOMMENDED_FLAGS } from "aws-cdk-lib/cx-api";
import type { Construct } from "constructs";

/**
 * What is made below is the same in every app, whichever of the CDK's feature flags the app has. It must have no
 * children yet.
 */
export function withOurFlags(part: Construct): void {
  for (const [flag, value] of Object.entries(CURRENTLY_RECOMMENDED_FLAGS)) part.node.setContext(flag, value);
}
