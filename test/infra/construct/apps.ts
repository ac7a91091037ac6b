/** Apps of users that embed the construct. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { App, CloudFormationValidatePlugin, type IPolicyValidationPlugin, Stack, Validations } from "aws-cdk-lib/core";
import { Fetchonce, type FetchonceProps } from "../../../infra/construct/fetchonce.ts";
import { type CfnResource, mergedTemplateOf, Synthesized, WITHOUT_BUNDLES } from "../synthesize.ts";
import { mergeStacks, type StackTemplate } from "../../embedded-aws/template/merge-stacks.ts";

const ENV = { account: "111111111111", region: "eu-central-1" };

export interface UsersApp {
  readonly app: App;
  readonly stack: Stack;
  readonly outdir: string;
}

/** An app without any of the CDK's feature flags. */
export function usersApp(outdir: string): UsersApp {
  const app = new App({ outdir, analyticsReporting: false, context: WITHOUT_BUNDLES });
  return { app, outdir, stack: new Stack(app, "Crawler", { env: ENV }) };
}

export const embed = (stack: Stack, id: string, props: FetchonceProps = {}): Fetchonce =>
  new Fetchonce(stack, id, props);

export function embedding(outdir: string, propsIn: (stack: Stack) => FetchonceProps = () => ({})) {
  const users = usersApp(outdir);
  const fetchonce = embed(users.stack, "Papers", propsIn(users.stack));
  return { ...users, fetchonce, synthesized: () => new Synthesized(mergedTemplateOf(users.app)) };
}

/** The template of one stack alone, and the rules of cdk-nag and of CloudFormation's schema that the app breaks. */
export function validated({ app, outdir, stack }: UsersApp) {
  const schema = new CloudFormationValidatePlugin() as IPolicyValidationPlugin;
  Validations.of(app).addPlugins(schema, new AwsSolutionsChecks(app), new ServerlessChecks(app));
  const assembly = app.synth();
  const report = JSON.parse(readFileSync(join(outdir, "validation-report.json"), "utf8")) as {
    readonly pluginReports: readonly { readonly violations: readonly { readonly ruleName: string }[] }[];
  };
  const template = assembly.getStackByName(stack.stackName).template as StackTemplate<CfnResource>;
  return {
    synthesized: new Synthesized(mergeStacks([template])),
    broken: report.pluginReports.flatMap(({ violations }) => violations).map(({ ruleName }) => ruleName),
  };
}
