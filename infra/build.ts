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
import { ENVIRONMENTS, environmentNameOf } from "./environments/environments.ts";
import { PipelineStack } from "./pipeline/pipeline-stack.ts";

/** By exports and imports: CloudFormation itself then refuses to remove a table, bucket or queue that the pipeline uses. */
const STRONG_REFERENCES = { "@aws-cdk/core:defaultCrossStackReferences": "strong" };

/**
 * The CDK app of the environment that the context names, `dev` where it names none. What can be deployed is validated;
 * the laptop run deploys nothing, and validation takes longer than all the rest of its synthesis.
 * @param options `validated: false` for who only looks at the template.
 * @throws RangeError when there is no environment of that name, or its settings do not fit together.
 */
export async function buildApp(
  props: AppProps = {},
  { validated = true } = {},
): Promise<{ app: App; data: DataStack; pipeline: PipelineStack }> {
  const app = new App({
    ...props,
    context: { ...CURRENTLY_RECOMMENDED_FLAGS, ...STRONG_REFERENCES, ...props.context },
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
  });
  const name = environmentNameOf(String(app.node.tryGetContext("env") ?? "dev"));
  refuseWrongSettings(name, ENVIRONMENTS[name], name !== "local");
  const data = new DataStack(app, name);
  const pipeline = new PipelineStack(app, name, data);
  if (validated && name !== "local") {
    const { AwsSolutionsChecks, ServerlessChecks } = await import("cdk-nag");
    // The library's own plugin is not an IPolicyValidationPlugin under exactOptionalPropertyTypes.
    const schema = new CloudFormationValidatePlugin() as IPolicyValidationPlugin;
    Validations.of(app).addPlugins(schema, new AwsSolutionsChecks(app), new ServerlessChecks(app));
  }
  return { app, data, pipeline };
}
