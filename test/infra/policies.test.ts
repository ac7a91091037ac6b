/** What the policies of all roles in the stacks of every environment may contain, whichever construct wrote them. */
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../infra/build.ts";
import { environmentNames, temporaryFolder, WITHOUT_BUNDLES } from "./synthesize.ts";

/** Actions that IAM cannot restrict to a resource, each with the source that says so. */
const UNRESTRICTABLE: Readonly<Record<string, string>> = {
  "cloudwatch:DescribeAlarms": "API reference of DescribeAlarms: composite alarms need it on everything",
};

interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly Resource?: unknown;
}
interface Policy {
  readonly PolicyDocument?: { readonly Statement: readonly Statement[] };
}
interface Resource {
  readonly Type: string;
  readonly Properties: Policy & {
    readonly Policies?: Policy[];
    readonly ManagedPolicyArns?: readonly unknown[];
    readonly AssumeRolePolicyDocument?: unknown;
  };
}

const outdir = temporaryFolder();
const listOf = <T>(oneOrMany: T | readonly T[] | undefined): readonly T[] => [oneOrMany ?? []].flat() as T[];

async function identitiesOf(env: string): Promise<readonly Resource[]> {
  const props = { outdir: path.join(outdir, env), context: { env, ...WITHOUT_BUNDLES } };
  const { app } = await buildApp(props, { validated: false });
  return app
    .synth()
    .stacks.flatMap(({ template }) => Object.values<Resource>(template.Resources))
    .filter(({ Type }) => Type.startsWith("AWS::IAM::"));
}

/** For example `<Staging.Arn>/staging/*`: angle brackets hold what the deployment fills in. */
function textOf(resource: unknown): string {
  if (typeof resource === "string") return resource;
  const { "Fn::Join": join } = resource as { "Fn::Join"?: [string, unknown[]] };
  return join
    ? join[1].map(textOf).join(join[0])
    : `<${Object.values(resource as object)
        .flat()
        .join(".")}>`;
}

/** Object keys are made at run time, so they may be wildcards; the bucket and the first folder must be named. */
const ARE_OBJECT_KEYS = /^<[^*>]+>(?:\/[^*/]+)+(?:\/\*)+$/;

function faultsOf({ Effect, Action, Resource, ...rest }: Statement): readonly string[] {
  const actions = listOf(Action);
  const isUnrestrictable = actions.every((action) => action in UNRESTRICTABLE);
  const isOnObjects = actions.every((action) => action.startsWith("s3:"));
  const vague = listOf(Resource)
    .map(textOf)
    .filter((text) => text.includes("*") && !isUnrestrictable && !(isOnObjects && ARE_OBJECT_KEYS.test(text)));
  return [
    ...(Effect === "Allow" && actions.length > 0 && Resource !== undefined
      ? []
      : [JSON.stringify({ Effect, ...rest })]),
    ...actions.filter((action) => action.includes("*")),
    ...vague.map((text) => `${actions.join(", ")} on ${text}`),
  ];
}

const identities = new Map<string, readonly Resource[]>();
beforeAll(async () => {
  for (const env of environmentNames) identities.set(env, await identitiesOf(env));
});
const statementsOf = (env: string): readonly Statement[] =>
  (identities.get(env) ?? [])
    .flatMap(({ Properties }) => (Properties.Policies ?? []).concat(Properties))
    .flatMap(({ PolicyDocument }) => PolicyDocument?.Statement ?? []);

describe.each(environmentNames)("the policies of %s", (env) => {
  it("name every action, and every resource that IAM can restrict the action to", () => {
    expect(statementsOf(env)).not.toEqual([]);
    expect(statementsOf(env).flatMap(faultsOf)).toEqual([]);
  });

  it("are our own, because AWS may widen an AWS managed policy; only the role of CodeDeploy uses one", () => {
    const borrowers = (identities.get(env) ?? []).filter(({ Properties }) => Properties.ManagedPolicyArns);
    expect(borrowers.map(({ Properties }) => JSON.stringify(Properties.AssumeRolePolicyDocument))).toEqual(
      borrowers.map(() => expect.stringContaining("codedeploy.amazonaws.com")),
    );
  });

  it("grant nothing beyond prod's policies, which grants.test.ts compares with the calls", () => {
    const shown = (name: string): string[] =>
      statementsOf(name).map((statement) => JSON.stringify(statement).replaceAll(`fetchonce-${name}`, ""));
    const inProd = new Set(shown("prod"));
    expect(shown(env).filter((statement) => !inProd.has(statement))).toEqual([]);
  });
});

describe("a policy statement", () => {
  const keys = { "Fn::Join": ["", [{ "Fn::GetAtt": ["Staging", "Arn"] }, "/staging/*/*"]] };
  it.each<{ statement: Statement; faults: readonly string[] }>([
    { statement: { Effect: "Allow", Action: "s3:GetObject", Resource: keys }, faults: [] },
    { statement: { Effect: "Allow", Action: ["s3:Get*"], Resource: keys }, faults: ["s3:Get*"] },
    {
      statement: { Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" },
      faults: ["sqs:SendMessage on *"],
    },
    {
      statement: {
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: { "Fn::Join": ["", [{ Ref: "Staging" }, "/*"]] },
      },
      faults: ["s3:GetObject on <Staging>/*"],
    },
    {
      statement: { Effect: "Allow", Action: ["s3:GetObject", "dynamodb:GetItem"], Resource: keys },
      faults: ["s3:GetObject, dynamodb:GetItem on <Staging.Arn>/staging/*/*"],
    },
    { statement: { Effect: "Deny", Action: "s3:GetObject", Resource: keys }, faults: ['{"Effect":"Deny"}'] },
  ])("like $statement has the faults $faults", ({ statement, faults }) => {
    expect(faultsOf(statement)).toEqual(faults);
  });
});
