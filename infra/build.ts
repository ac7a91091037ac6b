import {
  App,
  type AppProps,
  CloudFormationValidatePlugin,
  type IPolicyValidationPlugin,
  Validations,
} from "aws-cdk-lib/core";
import { CURRENTLY_RECOMMENDED_FLAGS } from "aws-cdk-lib/cx-api";
import { DataStack } from "./data/data-stack.ts";
import { refuseWrongSettings } from "./environments/environment-rules.ts";
import type { Environment } from "./environments/environment.ts";
import { ENVIRONMENTS, environmentNameOf } from "./environments/environments.ts";
import { PipelineStack } from "./pipeline/pipeline-stack.ts";

/** Exports and imports: CloudFormation then refuses to remove a table, bucket or queue that the pipeline uses. */
const STRONG_REFERENCES = { "@aws-cdk/core:defaultCrossStackReferences": "strong" };

/**
 * Builds the CDK app of the environment that the context value `env` names; without it, `dev`. Environments that can
 * be deployed are validated. `local` is not: it deploys nothing, and validation takes longer than the rest of its
 * synthesis.
 * @param options `validated: false` skips validation, for callers that only read the template. `changes` replaces
 *   settings of the environment.
 * @throws RangeError if there is no environment of that name, or its settings do not fit together.
 */
export async function buildApp(
  props: AppProps = {},
  { validated = true, changes = {} }: { validated?: boolean; changes?: Partial<Environment> } = {},
): Promise<{ app: App; data: DataStack; pipeline: PipelineStack }> {
  const app = new App({
    ...props,
    context: { ...CURRENTLY_RECOMMENDED_FLAGS, ...STRONG_REFERENCES, ...props.context },
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
  });
  const name = environmentNameOf(String(app.node.tryGetContext("env") ?? "dev"));
  const environment = { ...ENVIRONMENTS[name], ...changes };
  refuseWrongSettings(name, environment, name !== "local");
  const data = new DataStack(app, name, environment);
  const pipeline = new PipelineStack(app, name, environment, data);
  if (validated && name !== "local") {
    const { AwsSolutionsChecks, ServerlessChecks } = await import("cdk-nag");
    // The library's own plugin is not an IPolicyValidationPlugin under exactOptionalPropertyTypes.
    const schema = new CloudFormationValidatePlugin() as IPolicyValidationPlugin;
    Validations.of(app).addPlugins(schema, new AwsSolutionsChecks(app), new ServerlessChecks(app));
  }
  return { app, data, pipeline };
}
