import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildApp } from "../../../infra/build.ts";
import { ENVIRONMENTS } from "../../../infra/environments/environments.ts";
import { readEnvironments } from "../../../infra/environments/own-environments.ts";
import { temporaryFolder, WITHOUT_BUNDLES } from "../synthesize.ts";

const folder = temporaryFolder();
let files = 0;

function written(text: string, ending = "json"): string {
  const file = join(folder, `environments-${(files += 1)}.${ending}`);
  writeFileSync(file, text);
  return file;
}

const inJson = (environments: unknown): string => written(JSON.stringify(environments));

describe("environments of a user's own file", () => {
  const PAPERS = { extends: "staging", workerConcurrency: 50, monitoring: { runbookBaseUrl: "https://wiki.example/" } };

  it("are those of ours that they extend, with their changes", async () => {
    const { papers } = await readEnvironments(inJson({ papers: PAPERS }));
    expect(papers).toEqual({
      ...ENVIRONMENTS.staging,
      workerConcurrency: 50,
      monitoring: { ...ENVIRONMENTS.staging.monitoring, runbookBaseUrl: "https://wiki.example/" },
    });
  });

  it("may come from a module, which can compute them", async () => {
    const file = written('export default { papers: { extends: "dev", workerConcurrency: 2 * 21 } };', "mjs");
    expect(await readEnvironments(file)).toEqual({ papers: { ...ENVIRONMENTS.dev, workerConcurrency: 42 } });
  });

  it("are chosen by `-c env=`, and name the stacks", async () => {
    const context = { env: "papers", environments: inJson({ papers: PAPERS }), ...WITHOUT_BUNDLES };
    const { data, fetchonce, pipeline } = await buildApp({ outdir: `${folder}/out`, context }, { validated: false });
    expect([data.stackName, pipeline.stackName]).toEqual(["fetchonce-papers", "fetchonce-papers-pipeline"]);
    expect(fetchonce.environment.workerConcurrency).toBe(50);
  });

  it("are offered if another one is asked for", async () => {
    const context = { env: "paper", environments: inJson({ papers: PAPERS }) };
    await expect(buildApp({ outdir: folder, context })).rejects.toThrow(
      'There is no environment "paper". Choose one of papers, dev, staging, prod: -c env=prod',
    );
  });

  it("are held to the rules of all settings, and named in the refusal", async () => {
    const context = { env: "papers", environments: inJson({ papers: { ...PAPERS, workerConcurrency: 1 } }) };
    await expect(buildApp({ outdir: folder, context })).rejects.toThrow(/papers[^]*workerConcurrency is 1\. Write/);
  });

  it.each([
    ["[]", "holds no environments. Write {"],
    ["{", "The environments cannot be read from "],
    ['{"papers":{}}', 'papers: "extends" names none of dev, staging, prod. Write {'],
    ['{"papers":7}', 'papers: "extends" names none of dev, staging, prod. Write {'],
    ['{"papers":{"extends":"local"}}', 'papers: "extends" names none of dev, staging, prod. Write {'],
    ['{"papers":{"extends":"prod","workers":3}}', 'papers: There is no setting "workers". Settings are: enable'],
    ['{"prod":{"extends":"prod"}}', 'there is an environment "prod" already. Give yours another name.'],
    ['{"Papers":{"extends":"prod"}}', 'write "papers" in the place of "Papers".'],
    ['{"p.q":{"extends":"prod"}}', '"p.q" cannot be the name of a deployment. Write 1 to 40 lower-case letters'],
  ])("are refused with what to write instead: %s", async (text, says) => {
    const refusal = await readEnvironments(written(text)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RangeError);
    expect(String(refusal)).toContain(says);
  });

  it("are refused if the file is not there", async () => {
    await expect(readEnvironments(join(folder, "nowhere.json"))).rejects.toThrow(
      /^The environments cannot be read from .*nowhere\.json: ENOENT/,
    );
  });
});
