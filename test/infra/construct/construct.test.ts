/** What the construct makes in an app of its user's. */
import { join } from "node:path";
import { Stack } from "aws-cdk-lib/core";
import { describe, expect, it } from "vitest";
import type { FetchonceProps } from "../../../infra/construct/fetchonce.ts";
import { DEFAULTS } from "../../../infra/environments/settings.ts";
import { temporaryFolder } from "../synthesize.ts";
import { embed, embedding, usersApp, validated } from "./apps.ts";

const folder = temporaryFolder();
let apps = 0;
const outdir = (): string => join(folder, `app-${(apps += 1)}`);
const inApp = (propsIn?: (stack: Stack) => FetchonceProps) => embedding(outdir(), propsIn);

describe("a construct that says nothing", () => {
  it("has the settings of prod, and tells nobody", () => {
    const { fetchonce } = inApp();
    expect(fetchonce.environment).toEqual(DEFAULTS);
    expect(fetchonce.environment.monitoring?.tells).toBeUndefined();
  });

  it("begins the names of what must have one with fetchonce- and its id, and its outputs with its id", () => {
    const template = inApp().synthesized();
    expect(template.one("AWS::Events::EventBus").properties).toMatchObject({ Name: "fetchonce-papers" });
    const alarms = template.all("AWS::CloudWatch::Alarm").map(({ properties }) => String(properties["AlarmName"]));
    expect(alarms.length).toBeGreaterThan(10);
    expect(alarms.filter((name) => !name.startsWith("fetchonce-papers-"))).toEqual([]);
    expect(template.outputs).toEqual(expect.arrayContaining(["PapersQueueUrl", "PapersWorkerFunctionName"]));
    expect(template.outputs.filter((name) => !name.startsWith("Papers"))).toEqual([]);
  });
});

describe("settings", () => {
  it("are those that differ; of monitoring, too", () => {
    const settings = { workerConcurrency: 7, monitoring: { runbookBaseUrl: "https://wiki.example/" } };
    const { fetchonce } = inApp(() => ({ settings }));
    expect(fetchonce.environment).toEqual({
      ...DEFAULTS,
      workerConcurrency: 7,
      monitoring: { ...DEFAULTS.monitoring, runbookBaseUrl: "https://wiki.example/" },
    });
  });

  it.each<{ readonly settings: object; readonly says: string }>([
    { settings: { workerConcurrency: 1 }, says: "The settings of papers:\n  workerConcurrency is 1. Write" },
    { settings: { workers: 5 }, says: 'There is no setting "workers". Settings are: enableIdempotency' },
  ])("are refused with what to write: $settings", ({ settings, says }) => {
    expect(() => inApp(() => ({ settings }))).toThrow(says);
  });

  it.each(["", "Ünïcode", "-x", "x-", "a".repeat(41)])("do not include the name %j", (name) => {
    expect(() => inApp(() => ({ name }))).toThrow("cannot be the name of a deployment. Write 1 to 40 lower-case");
  });
});

describe("several constructs", () => {
  it("stand side by side in one stack, with names of their own, and break no rule of cdk-nag or CloudFormation", () => {
    const users = usersApp(outdir());
    embed(users.stack, "Papers");
    embed(users.stack, "Theses");
    const { broken, synthesized } = validated(users);
    expect(broken).toEqual([]);
    const named = [...synthesized.all("AWS::CloudWatch::Alarm"), ...synthesized.all("AWS::Events::EventBus")];
    const names = named.map(({ properties }) => properties["AlarmName"] ?? properties["Name"]);
    expect(new Set(names).size).toBe(names.length);
    expect(synthesized.outputs).toEqual(expect.arrayContaining(["PapersTableName", "ThesesTableName"]));
  });

  it("of one name have a dashboard in each region, since dashboards are an account's", () => {
    const dashboards = ["eu-central-1", "us-east-1"].map((region) => {
      const { app } = usersApp(outdir());
      const stack = new Stack(app, "There", { env: { account: "111111111111", region } });
      embed(stack, "Papers");
      const { template } = app.synth().getStackByName("There") as { template: { Resources: Record<string, unknown> } };
      return JSON.stringify(Object.values(template.Resources).find((each) => isDashboard(each)));
    });
    expect(dashboards[0]).toContain('"fetchonce-papers-');
    expect(dashboards[0]).toMatch(
      /"DashboardName":({"Fn::Join":\["",\["fetchonce-papers-",{"Ref":"AWS::Region"}|"fetchonce-papers-eu)/,
    );
  });
});

const isDashboard = (resource: unknown): boolean =>
  (resource as { readonly Type: string }).Type === "AWS::CloudWatch::Dashboard";

describe("what holds no data", () => {
  it("may have a stack of its own, which imports what it needs of the data's", () => {
    const users = usersApp(outdir());
    const pipelineScope = new Stack(users.app, "Workers", { env: { account: "111111111111", region: "eu-central-1" } });
    embed(users.stack, "Papers", { pipelineScope });
    const { broken, synthesized } = validated(users);
    expect(broken).toEqual([]);
    expect(synthesized.all("AWS::Lambda::Function")).toEqual([]);
    expect(synthesized.all("AWS::DynamoDB::Table")).toHaveLength(1);
  });
});
