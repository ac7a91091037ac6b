import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { App } from "aws-cdk-lib/core";
import { afterAll } from "vitest";
import { buildApp } from "../../infra/build.ts";
import { type EnvironmentName, ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { mergeStacks, type StackTemplate } from "../embedded-aws/template/merge-stacks.ts";

export const environmentNames = Object.keys(ENVIRONMENTS) as EnvironmentName[];

/** Skips the bundles, which few tests need and which take most of the time. */
export const WITHOUT_BUNDLES = { "aws:cdk:bundling-stacks": [] };

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "fetchonce-infra-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type Properties = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly deletionPolicy: string | undefined;
  readonly updatePolicy: Properties | undefined;
  readonly properties: Properties;
}

export interface CfnResource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly UpdatePolicy?: Properties;
  readonly Properties?: Properties;
}

/** The synthesized CloudFormation templates, merged into one, with look-ups for tests. */
export class Synthesized {
  readonly outputs: readonly string[];
  readonly resources: readonly Resource[];

  constructor(template: Required<StackTemplate<CfnResource>>) {
    this.outputs = Object.keys(template.Outputs);
    this.resources = Object.entries(template.Resources).map(([id, body]) => ({
      id,
      type: body.Type,
      deletionPolicy: body.DeletionPolicy,
      updatePolicy: body.UpdatePolicy,
      properties: body.Properties ?? {},
    }));
  }

  all(type: string): readonly Resource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  /**
   * The only resource of the type whose logical id starts with `idPrefix`.
   * @throws Error when there is none, or more than one.
   */
  one(type: string, idPrefix = ""): Resource {
    const found = this.all(type).filter(({ id }) => id.startsWith(idPrefix));
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} resources are a ${type} ${idPrefix}`);
    return only;
  }

  /** The variables that the handler reads: all but NODE_OPTIONS, which Node itself reads. */
  variablesOf(functionId: string): Readonly<Record<string, unknown>> {
    const { Environment } = this.one("AWS::Lambda::Function", functionId).properties as {
      Environment: { Variables: Record<string, unknown> };
    };
    const { NODE_OPTIONS: _, ...variables } = Environment.Variables;
    return variables;
  }

  /** The variables as the function will see them, with a placeholder URL for each value that AWS fills in. */
  deployedVariablesOf(functionId: string): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.variablesOf(functionId)).map(([name, value]) => [
        name,
        typeof value === "string" ? value : "https://filled-in.example/at-deployment",
      ]),
    );
  }

  /** The statements of the resource policies on this resource. */
  statementsOn(policyType: string, resourceId: string): readonly Properties[] {
    return this.all(policyType)
      .filter(({ properties }) =>
        JSON.stringify(properties["Bucket"] ?? properties["Queues"]).includes(`"${resourceId}"`),
      )
      .flatMap(({ properties }) => (properties["PolicyDocument"] as { Statement: Properties[] }).Statement);
  }
}

/**
 * Skips the validation, which takes ten times as long as the rest: `synthesis.test.ts` validates dev, staging and prod
 * once each.
 */
export async function synthesized(env: EnvironmentName, outdir: string): Promise<Synthesized> {
  const props = { outdir: path.join(outdir, env), context: { env, ...WITHOUT_BUNDLES } };
  const { app } = await buildApp(props, { validated: false });
  return new Synthesized(mergedTemplateOf(app));
}

/** The stacks of the app, merged into one template. */
export const mergedTemplateOf = (app: App): Required<StackTemplate<CfnResource>> =>
  mergeStacks(app.synth().stacks.map(({ template }) => template as StackTemplate<CfnResource>));
