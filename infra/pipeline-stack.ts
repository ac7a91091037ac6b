import type { Construct } from "constructs";
import { Announcer } from "./constructs/announcements.ts";
import { CodeRollout } from "./constructs/code-rollout.ts";
import { Archiver } from "./constructs/ledger-archive.ts";
import { Monitoring } from "./constructs/monitoring.ts";
import { Reconciler } from "./constructs/reconciler.ts";
import { Worker } from "./constructs/worker.ts";
import type { DataStack } from "./data-stack.ts";
import { type EnvironmentName, ENVIRONMENTS } from "./environments.ts";
import { FetchonceStack } from "./fetchonce-stack.ts";

/** What works on the data, and what watches the work. It may be destroyed and deployed again: nothing is lost. */
export class PipelineStack extends FetchonceStack {
  readonly monitoring: Monitoring | undefined;
  readonly codeRollout: CodeRollout | undefined;

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
    this.monitoring =
      monitoring &&
      new Monitoring(this, "Monitoring", { name, environment, monitoring, data, worker, reconciler, announcer });

    const { codeRollout } = environment;
    this.codeRollout =
      codeRollout &&
      this.monitoring &&
      new CodeRollout(this, "CodeRollout", { alias: worker.live, pace: codeRollout, alarms: this.monitoring.pages });

    this.tell({
      WorkerFunctionName: worker.function.functionName,
      ReconcilerFunctionName: reconciler.function.functionName,
      AnnouncerFunctionName: announcer.function.functionName,
      ...(archiver && { ArchiverFunctionName: archiver.function.functionName }),
    });
  }
}
