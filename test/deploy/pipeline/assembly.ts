/**
 * The app of the `dev` environment, with a few settings changed: a crash heals while a test waits, and there is an
 * archiver.
 */
import { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { CfnQueue } from "aws-cdk-lib/aws-sqs";
import type { App } from "aws-cdk-lib/core";
import type { IConstruct } from "constructs";
import { buildApp } from "../../../infra/build.ts";
import type { WorkerEnv } from "../../../lambdas/worker/env.ts";

export const WORKER = "FetchoncePipeline/Default/Worker/Function/Resource";
const LONG_WORKER = "FetchoncePipeline/Default/LongWorker/Function/Resource";
export const WORKER_ALIAS = "FetchoncePipeline/Default/Worker/Live/Resource";
const RECONCILER = "FetchoncePipeline/Default/Reconciler/Function/Resource";
const QUEUES = ["Queue", "UrgentQueue", "LongQueue"].map((id) => `Fetchonce/Default/Default/Work/${id}/Resource`);

/**
 * The workers' timeout and the queues' visibility timeout, which Lambda requires to be at least as long. After it the
 * queue delivers the message of a killed worker again. A lease ends after 15 s and the reconciler runs every 60 s: with
 * 80 s it always runs before that delivery, so the test sees it recover leases.
 */
const TIMEOUT_S = 80;
const REQUEUE_GRACE_MS = "15000";

type Variables = Partial<Record<keyof WorkerEnv, string>>;

/** The workers' variables that differ from `dev`. */
const VARIABLES: Variables = {
  // The test's origin is on 127.0.0.1.
  ALLOW_PRIVATE_HOSTS: "true",
  LEASE_TTL_MS: "15000",
  REQUEUE_GRACE_MS,
  DEADLINE_BUFFER_MS: "10000",
  // The smallest part that S3 accepts. A checkpoint follows each part.
  PART_SIZE_BYTES: String(5 * 1024 * 1024),
};

interface Changes {
  /** Further variables of the workers. */
  readonly variables?: Variables;
  readonly change?: (app: App) => void;
}

/** @returns the assembly's folder, which the CDK CLI deploys. */
export async function synthesizeQuickDev(outdir: string, { variables, change }: Changes = {}): Promise<string> {
  const options = { validated: false, changes: { expiredRecords: "archive" as const } };
  const { app } = await buildApp({ outdir, context: { env: "dev" } }, options);
  for (const path of [WORKER, LONG_WORKER]) {
    const worker = functionAt(app, path);
    worker.timeout = TIMEOUT_S;
    for (const [name, value] of Object.entries({ ...VARIABLES, ...variables })) setVariable(worker, name, value);
  }
  setVariable(functionAt(app, RECONCILER), "REQUEUE_GRACE_MS", REQUEUE_GRACE_MS);
  for (const path of QUEUES) {
    const queue = constructAt(app, path);
    if (!(queue instanceof CfnQueue)) throw new Error(`${path} is no queue any more.`);
    queue.visibilityTimeout = TIMEOUT_S;
  }
  change?.(app);
  app.synth();
  return outdir;
}

/** @throws Error if there is no construct at that path. */
export function constructAt(app: App, path: string): IConstruct {
  const found = app.node.findAll().find(({ node }) => node.path === path);
  if (!found) throw new Error(`There is no construct ${path} any more.`);
  return found;
}

function functionAt(app: App, path: string): CfnFunction {
  const found = constructAt(app, path);
  if (!(found instanceof CfnFunction)) throw new Error(`${path} is no function any more.`);
  return found;
}

const setVariable = (of: CfnFunction, name: string, value: string): void =>
  of.addPropertyOverride(`Environment.Variables.${name}`, value);
