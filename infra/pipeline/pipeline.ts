import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { Announcer } from "./announcer.ts";
import { BatchFollower } from "./batch-follower.ts";
import { deployInSteps } from "./code-deployment.ts";
import { Archiver } from "./records-archive.ts";
import { Monitoring } from "./monitoring.ts";
import { functionsNetwork, type Network } from "./network.ts";
import type { AlarmTopics } from "./alarm-topics.ts";
import { Reconciler } from "./reconciler.ts";
import { GateRollout } from "./gate-rollout.ts";
import { Worker } from "./worker.ts";
import { withOurFlags } from "../shared/flags.ts";
import { tell } from "../shared/outputs.ts";
import type { Data } from "../data/data.ts";
import type { Environment } from "../environments/environment.ts";

export interface PipelineProps {
  readonly name: string;
  readonly prefix: string;
  readonly environment: Environment;
  readonly data: Data;
  readonly network: Network | undefined;
  readonly encryptionKey: IKey | undefined;
  readonly alarmTopics: AlarmTopics | undefined;
}

/** The functions and their monitoring. It holds no data, so it can be destroyed and deployed again. */
export class Pipeline extends Construct {
  /** Undefined in an environment that nobody watches. */
  readonly monitoring: Monitoring | undefined;

  constructor(scope: Construct, id: string, { network, ...props }: PipelineProps) {
    super(scope, id);
    withOurFlags(this);
    const { environment } = props;
    const deployment = { ...props, network: network && functionsNetwork(this, network, environment) };
    const worker = new Worker(this, "Worker", deployment, "short");
    const longWorker = new Worker(this, "LongWorker", deployment, "long");
    const reconciler = new Reconciler(this, "Reconciler", deployment);
    const batches = new BatchFollower(this, "Batches", deployment);
    const { announcements, codeDeployment, monitoring } = environment;
    const announcer =
      announcements === "none" ? undefined : new Announcer(this, "Announcer", deployment, announcements);
    const archiver = environment.expiredRecords === "archive" ? new Archiver(this, "Archiver", deployment) : undefined;

    const rollout = monitoring && new GateRollout(this, "Rollout", { ...deployment, monitoring });
    if (rollout) {
      const functions = { worker, longWorker, reconciler, batches, announcer, archiver, rollout };
      this.monitoring = new Monitoring(this, "Monitoring", { ...deployment, ...functions, monitoring });
    }
    if (codeDeployment) {
      const pace = { ...props, pace: codeDeployment };
      deployInSteps(this, "CodeRollout", { ...pace, worker, alarm: "new-code-fails" });
      deployInSteps(this, "LongCodeRollout", { ...pace, worker: longWorker, alarm: "new-long-code-fails" });
    }

    tell(this, {
      WorkerFunctionName: worker.function.functionName,
      LongWorkerFunctionName: longWorker.function.functionName,
      ReconcilerFunctionName: reconciler.function.functionName,
      BatchesFunctionName: batches.function.functionName,
      ...(announcer && { AnnouncerFunctionName: announcer.function.functionName }),
      ...(rollout && { RolloutFunctionName: rollout.function.functionName }),
      ...(archiver && { ArchiverFunctionName: archiver.function.functionName }),
    });
  }
}
