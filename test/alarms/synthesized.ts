import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildApp } from "../../infra/build.ts";
import { mergedTemplateOf, WITHOUT_BUNDLES } from "../infra/synthesize.ts";
import { ENVIRONMENT } from "./prove.ts";
import type { Template } from "./cloudwatch/template.ts";

/** Prod's template as CloudFormation would get it, with its stacks merged into one. */
export async function prodTemplate(): Promise<Template> {
  const outdir = mkdtempSync(path.join(tmpdir(), "fetchonce-alarms-"));
  try {
    const { app } = await buildApp({ outdir, context: { env: ENVIRONMENT, ...WITHOUT_BUNDLES } });
    return mergedTemplateOf(app);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
