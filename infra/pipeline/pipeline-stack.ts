import type { Construct } from "constructs";
import { Announcer } from "./announcer.ts";
import { deployInSteps } from "./code-deployment.ts";
import { Archiver } from "./records-archive.ts";
import { Monitoring } from "./monitoring.ts";
import { Reconciler } from "./reconciler.ts";
import { GateRollout } from "./gate-rollout.ts";
import { Worker } from "./worker.ts";
import type { DataStack } from "../data/data-stack.ts";
import type { Environment } from "../environments/environment.ts";
import type { EnvironmentName } from "../environments/environments.ts";
import { FetchonceStack } from "../environments/fetchonce-stack.ts";

/** The stack of the functions and their monitoring. It holds no data, so it can be destroyed and deployed again. */
export class PipelineStack extends FetchonceStack {
  /** Undefined in an environment that nobody watches. */
  protected readonly monitoring: Monitoring | undefined;

  constructor(scope: Construct, name: EnvironmentName, environment: Environment, data: DataStack) {
    super(scope, "FetchoncePipeline", {
      name,
      environment,
      suffix: "-pipeline",
      description: "downloads what a list of URLs points at into S3, exactly once.",
    });
    const deployment = { name, environment, data };
    const worker = new Worker(this, "Worker", deployment, "short");
    const longWorker = new Worker(this, "LongWorker", deployment, "long");
    const reconciler = new Reconciler(this, "Reconciler", deployment);
    const { announcements, codeDeployment, monitoring } = environment;
    const announcer =
      announcements === "none" ? undefined : new Announcer(this, "Announcer", deployment, announcements);
    const archiver = environment.expiredRecords === "archive" ? new Archiver(this, "Archiver", deployment) : undefined;

    const rollout = monitoring && new GateRollout(this, "Rollout", { ...deployment, monitoring });
    if (rollout) {
      const functions = { worker, longWorker, reconciler, announcer, archiver, rollout };
      this.monitoring = new Monitoring(this, "Monitoring", { ...deployment, ...functions, monitoring });
    }
    if (codeDeployment) {
      const pace = { name, pace: codeDeployment };
      deployInSteps(this, "CodeRollout", { ...pace, worker, alarm: "new-code-fails" });
      deployInSteps(this, "LongCodeRollout", { ...pace, worker: longWorker, alarm: "new-long-code-fails" });
    }

    this.tell({
      WorkerFunctionName: worker.function.functionName,
      LongWorkerFunctionName: longWorker.function.functionName,
      ReconcilerFunctionName: reconciler.function.functionName,
      ...(announcer && { AnnouncerFunctionName: announcer.function.functionName }),
      ...(rollout && { RolloutFunctionName: rollout.function.functionName }),
      ...(archiver && { ArchiverFunctionName: archiver.function.functionName }),
    });
  }
}
