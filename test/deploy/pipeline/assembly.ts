/** The `dev` environment's own app, with a few settings changed so that a crash heals while a test waits. */
import { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { CfnQueue } from "aws-cdk-lib/aws-sqs";
import type { App } from "aws-cdk-lib/core";
import type { IConstruct } from "constructs";
import { buildApp } from "../../../infra/build.ts";
import type { WorkerEnv } from "../../../lambdas/worker/env.ts";

export const WORKER = "FetchoncePipeline/Worker/Function/Resource";
export const WORKER_ALIAS = "FetchoncePipeline/Worker/Live/Resource";
const RECONCILER = "FetchoncePipeline/Reconciler/Function/Resource";
const QUEUE = "Fetchonce/Work/Queue/Resource";

/**
 * The worker's timeout and the queue's visibility timeout, which Lambda wants to be no shorter. A message comes back
 * after it whose worker died before it took a lease. Long enough that the reconciler, which runs every 60 s, comes
 * between the end of a lease, after 15 s, and the message.
 */
const TIMEOUT_S = 80;
const REQUEUE_GRACE_MS = "15000";

type Variables = Partial<Record<keyof WorkerEnv, string>>;

/** Everything else is as `dev` has it. */
const VARIABLES: Variables = {
  // The origin is on 127.0.0.1.
  ALLOW_PRIVATE_HOSTS: "true",
  LEASE_TTL_MS: "15000",
  REQUEUE_GRACE_MS,
  DEADLINE_BUFFER_MS: "10000",
  // The least that S3 takes: a checkpoint after each.
  PART_SIZE_BYTES: String(5 * 1024 * 1024),
};

interface Changes {
  /** Of the worker. */
  readonly variables?: Variables;
  readonly change?: (app: App) => void;
}

/** @returns the assembly's folder, for the CDK's CLI. */
export async function synthesizeQuickDev(outdir: string, { variables, change }: Changes = {}): Promise<string> {
  const { app } = await buildApp({ outdir, context: { env: "dev" } }, { validated: false });
  const worker = functionAt(app, WORKER);
  worker.timeout = TIMEOUT_S;
  for (const [name, value] of Object.entries({ ...VARIABLES, ...variables })) setVariable(worker, name, value);
  setVariable(functionAt(app, RECONCILER), "REQUEUE_GRACE_MS", REQUEUE_GRACE_MS);
  const queue = constructAt(app, QUEUE);
  if (!(queue instanceof CfnQueue)) throw new Error(`${QUEUE} is no queue any more.`);
  queue.visibilityTimeout = TIMEOUT_S;
  change?.(app);
  app.synth();
  return outdir;
}

/** @throws Error when there is none at that path. */
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
