import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildApp } from "../../infra/build.ts";
import { WITHOUT_BUNDLES } from "../infra/synthesize.ts";
import { ENVIRONMENT } from "./prove.ts";
import type { Template } from "./cloudwatch/template.ts";

/** What CloudFormation would get for prod. */
export async function prodTemplate(): Promise<Template> {
  const outdir = mkdtempSync(path.join(tmpdir(), "fetchonce-alarms-"));
  try {
    const { app, stack } = await buildApp({ outdir, context: { env: ENVIRONMENT, ...WITHOUT_BUNDLES } });
    return app.synth().getStackArtifact(stack.artifactId).template as Template;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
