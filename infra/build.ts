import {
  App,
  type AppProps,
  CloudFormationValidatePlugin,
  type IPolicyValidationPlugin,
  type Stack,
  Validations,
} from "aws-cdk-lib/core";
import { CURRENTLY_RECOMMENDED_FLAGS } from "aws-cdk-lib/cx-api";
import { Fetchonce } from "./construct/fetchonce.ts";
import type { Environment } from "./environments/environment.ts";
import { environmentNamed } from "./environments/environments.ts";
import { readEnvironments } from "./environments/own-environments.ts";
import { FetchonceStack } from "./fetchonce-stack.ts";

/** Exports and imports: CloudFormation then refuses to remove a table, bucket or queue that the pipeline uses. */
const STRONG_REFERENCES = { "@aws-cdk/core:defaultCrossStackReferences": "strong" };

export interface Built {
  readonly app: App;
  /** The stack of everything that must outlive every deployment. */
  readonly data: Stack;
  /** The stack of the functions and their monitoring. It can be destroyed and deployed again. */
  readonly pipeline: Stack;
  readonly fetchonce: Fetchonce;
}

/**
 * Builds the CDK app of the environment that the context value `env` names, which may be one of the file that
 * `environments` names. Environments that can be deployed are validated. `local` is not: it deploys nothing, and
 * validation takes longer than the rest of its synthesis.
 * @param options `validated: false` skips validation, for callers that only read the template. `changes` replaces
 *   settings of the environment.
 * @throws RangeError if no environment is named, there is none of that name, or its settings do not fit together.
 */
export async function buildApp(
  props: AppProps = {},
  { validated = true, changes = {} }: { validated?: boolean; changes?: Partial<Environment> } = {},
): Promise<Built> {
  const app = new App({
    ...props,
    context: { ...CURRENTLY_RECOMMENDED_FLAGS, ...STRONG_REFERENCES, ...props.context },
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
  });
  const contextOf = (key: string): string | undefined => app.node.tryGetContext(key) as string | undefined;
  const file = contextOf("environments");
  const own = file === undefined ? {} : await readEnvironments(file);
  const named = environmentNamed(contextOf("env"), own);
  const { name } = named;
  const isEmbedded = name === "local";
  const settings = { ...named.environment, ...changes };

  const data = new FetchonceStack(app, "Fetchonce", {
    name,
    environment: settings,
    suffix: "",
    description: "holds the jobs, their messages and the content. The stack ending in -pipeline works on them.",
  });
  const pipeline = new FetchonceStack(app, "FetchoncePipeline", {
    name,
    environment: settings,
    suffix: "-pipeline",
    description: "downloads what a list of URLs points at into S3, exactly once.",
  });
  // CDK leaves "Default" out of logical ids: those of the tables, buckets and queues that are deployed must stay.
  const fetchonce = new Fetchonce(data, "Default", { name, settings, pipelineScope: pipeline, isEmbedded });
  if (validated && !isEmbedded) {
    const { AwsSolutionsChecks, ServerlessChecks } = await import("cdk-nag");
    // The library's own plugin is not an IPolicyValidationPlugin under exactOptionalPropertyTypes.
    const schema = new CloudFormationValidatePlugin() as IPolicyValidationPlugin;
    Validations.of(app).addPlugins(schema, new AwsSolutionsChecks(app), new ServerlessChecks(app));
  }
  return { app, data, pipeline, fetchonce };
}
