import type { Construct } from "constructs";
import { Announcer } from "./announcer.ts";
import { CodeDeployment } from "./code-deployment.ts";
import { Archiver } from "./records-archive.ts";
import { Monitoring } from "./monitoring.ts";
import { Reconciler } from "./reconciler.ts";
import { GateRollout } from "./gate-rollout.ts";
import { Worker } from "./worker.ts";
import type { DataStack } from "../data/data-stack.ts";
import { type EnvironmentName, ENVIRONMENTS } from "../environments/environments.ts";
import { FetchonceStack } from "../environments/fetchonce-stack.ts";

/** The stack of the functions and their monitoring. It holds no data, so it can be destroyed and deployed again. */
export class PipelineStack extends FetchonceStack {
  readonly monitoring: Monitoring | undefined;
  readonly codeDeployment: CodeDeployment | undefined;

  constructor(scope: Construct, name: EnvironmentName, data: DataStack) {
    super(scope, "FetchoncePipeline", {
      name,
      suffix: "-pipeline",
      description: "downloads what a list of URLs points at into S3, exactly once.",
    });
    const environment = ENVIRONMENTS[name];
    const worker = new Worker(this, "Worker", { name, environment, data });
    const reconciler = new Reconciler(this, "Reconciler", { name, environment, data });

    const announcer = new Announcer(this, "Announcer", { name, environment, data });
    const { archive } = data;
    const archiver = archive && new Archiver(this, "Archiver", { name, environment, data, archive });

    const { monitoring } = environment;
    const rollout = monitoring && new GateRollout(this, "Rollout", { name, environment, monitoring, data });
    this.monitoring =
      rollout &&
      new Monitoring(this, "Monitoring", {
        name,
        environment,
        monitoring,
        data,
        worker,
        reconciler,
        announcer,
        rollout,
      });

    const { codeDeployment } = environment;
    this.codeDeployment =
      codeDeployment &&
      this.monitoring &&
      new CodeDeployment(this, "CodeRollout", {
        alias: worker.live,
        pace: codeDeployment,
        alarms: this.monitoring.pages,
      });

    this.tell({
      WorkerFunctionName: worker.function.functionName,
      ReconcilerFunctionName: reconciler.function.functionName,
      AnnouncerFunctionName: announcer.function.functionName,
      ...(rollout && { RolloutFunctionName: rollout.function.functionName }),
      ...(archiver && { ArchiverFunctionName: archiver.function.functionName }),
    });
  }
}
