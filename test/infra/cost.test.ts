import path from "node:path";
import { expect, it } from "vitest";
import { ENVIRONMENT_NAMES, figuresOfTemplates } from "../../bench/cost/environments.ts";
import { storedResultOf } from "../../bench/cost/stored-results.ts";
import { buildApp } from "../../infra/build.ts";
import { parseTemplates } from "../embedded-aws/template/template.ts";
import { temporaryFolder, WITHOUT_BUNDLES } from "./synthesize.ts";

const outdir = temporaryFolder();

it.each(ENVIRONMENT_NAMES)(
  "the stored fixed costs of %s match today's templates (npm run bench fixed-costs stores them anew)",
  async (env) => {
    const context = { env, ...WITHOUT_BUNDLES };
    const { app } = await buildApp({ outdir: path.join(outdir, env), context }, { validated: false });
    const templates = [parseTemplates(app.synth().stacks.map(({ template }) => JSON.stringify(template)))];
    const stored = storedResultOf("fixed-costs").figures.filter(({ what }) => what.startsWith(`${env}: `));
    expect(stored).toEqual(figuresOfTemplates(env, templates).map(({ what, value }) => ({ what, value })));
  },
);
