import {
  App,
  type AppProps,
  CloudFormationValidatePlugin,
  type IPolicyValidationPlugin,
  Validations,
} from "aws-cdk-lib/core";
import { CURRENTLY_RECOMMENDED_FLAGS } from "aws-cdk-lib/cx-api";
import { environmentNameOf } from "./environments.ts";
import { FetchonceStack } from "./stack.ts";

/**
 * The CDK app of the environment that the context names, `dev` where it names none. What can be deployed is validated;
 * the laptop run deploys nothing, and validation takes longer than all the rest of its synthesis.
 * @param options `validated: false` for who only looks at the template.
 * @throws RangeError when there is no environment of that name.
 */
export async function buildApp(
  props: AppProps = {},
  { validated = true } = {},
): Promise<{ app: App; stack: FetchonceStack }> {
  const app = new App({
    ...props,
    context: { ...CURRENTLY_RECOMMENDED_FLAGS, ...props.context },
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
  });
  const name = environmentNameOf(String(app.node.tryGetContext("env") ?? "dev"));
  const stack = new FetchonceStack(app, name);
  if (validated && name !== "local") {
    const { AwsSolutionsChecks, ServerlessChecks } = await import("cdk-nag");
    // The library's own plugin is not an IPolicyValidationPlugin under exactOptionalPropertyTypes.
    const schema = new CloudFormationValidatePlugin() as IPolicyValidationPlugin;
    Validations.of(app).addPlugins(schema, new AwsSolutionsChecks(app), new ServerlessChecks(app));
  }
  return { app, stack };
}
