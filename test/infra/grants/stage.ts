/** Runs the functions' own handlers in this process, against prod's template made in the embedded services. */
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { buildApp } from "../../../infra/build.ts";
import { connectAws } from "../../embedded-aws/aws/aws.ts";
import { functionNamed } from "../../embedded-aws/lambda/functions.ts";
import { startOrigin, type Origin } from "../../../local/origin/server.ts";
import { type AwsClients, makeResources, resourcesOf } from "../../embedded-aws/template/resources.ts";
import {
  outputOf,
  parseTemplates,
  physicalNames,
  type Resolver,
  type Template,
} from "../../embedded-aws/template/template.ts";
import { mergedTemplateOf, WITHOUT_BUNDLES } from "../synthesize.ts";
import { type Death, Recorder } from "./recorder.ts";
import { cloudWatch, eventBridge, standIn } from "./stand-in.ts";

const MIB = 2 ** 20;
export const PART_BYTES = 5 * MIB;
/** Larger objects are copied in parts. The default limit is 5 GiB, which is too large for a test. */
const COPY_LIMITS = { largestSingleCopyBytes: 2 * PART_BYTES, copyPartBytes: PART_BYTES };

const LAMBDAS = fileURLToPath(new URL("../../../lambdas/", import.meta.url));

type Handler = (event: unknown, context: unknown) => Promise<unknown>;
type Variables = Readonly<Record<string, string>>;

export interface Loaded {
  readonly invoke: (event: unknown, death?: Death) => Promise<unknown>;
}

export class Stage {
  readonly template: Template;
  readonly resolve: Resolver;
  readonly clients: AwsClients;
  readonly origin: Origin;
  readonly recorder: Recorder;

  private constructor(given: Pick<Stage, "template" | "resolve" | "clients" | "origin" | "recorder">) {
    ({
      template: this.template,
      resolve: this.resolve,
      clients: this.clients,
      origin: this.origin,
      recorder: this.recorder,
    } = given);
  }

  /** @param outdir folder for the synthesized templates. */
  static async set(cleanup: AsyncDisposableStack, outdir: string): Promise<Stage> {
    const { app } = await buildApp({ outdir, context: { env: "prod", ...WITHOUT_BUNDLES } }, { validated: false });
    const template = parseTemplates([JSON.stringify(mergedTemplateOf(app))]);
    // Discards what the functions log.
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    cleanup.defer(() => void vi.restoreAllMocks());
    const stateDir = await mkdtemp(join(tmpdir(), "fetchonce-grants-"));
    cleanup.defer(async () => rm(stateDir, { recursive: true, force: true, maxRetries: 3 }));
    const aws = await connectAws({ stateDir, bucketDirs: {}, stagingBucket: "", stacks: {} }, cleanup);
    for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
    cleanup.defer(() => void vi.unstubAllEnvs());
    vi.stubEnv("AWS_ENDPOINT_URL_EVENTBRIDGE", await standIn(cleanup, eventBridge));
    vi.stubEnv("AWS_ENDPOINT_URL_CLOUDWATCH", await standIn(cleanup, cloudWatch));
    const resolve = await makeResources(template, aws.clients);
    const origin = await startOrigin();
    cleanup.defer(async () => origin.stop());
    return new Stage({ template, resolve, clients: aws.clients, origin, recorder: cleanup.use(new Recorder()) });
  }

  output(name: string): string {
    return outputOf(this.template, this.resolve, name);
  }

  /** The physical names of all functions. */
  get functionNames(): readonly string[] {
    const names = physicalNames(this.template);
    return resourcesOf(this.template, "AWS::Lambda::Function").map(([id]) => names.get(id) ?? id);
  }

  /**
   * Loads a function with the variables that it is deployed with, overridden by `variables`. It reads them while it is
   * loaded.
   * @param remainingMs time that each invocation has when it begins.
   */
  async load(functionName: string, variables: Variables, remainingMs: number): Promise<Loaded> {
    const deployed = functionNamed(this.template, this.resolve, functionName).variables;
    for (const [name, value] of Object.entries({ ...deployed, ...variables })) vi.stubEnv(name, value);
    vi.resetModules();
    // Anew for each load: a mocked module keeps the modules that it was first loaded with, and their classes of errors.
    vi.doMock(import("../../../adapters/aws/s3/content.ts"), async (original) => {
      const { s3Content } = await original();
      return { s3Content: (client, buckets) => s3Content(client, { ...buckets, ...COPY_LIMITS }) };
    });
    const { handler } = (await import(`${LAMBDAS}${folderOf(functionName)}/handler.ts`)) as { handler: Handler };
    return {
      invoke: async (event, death) => {
        const endMs = Date.now() + remainingMs;
        const context = { functionName, getRemainingTimeInMillis: () => endMs - Date.now() };
        return this.recorder.as(functionName, async () => handler(event, context), death);
      },
    };
  }
}

/** A function's name contains the last word of its folder in `lambdas/`: `...rollout...` runs `gate-rollout`. */
function folderOf(functionName: string): string {
  const folders = readdirSync(LAMBDAS).filter((folder) => functionName.includes(folder.split("-").at(-1) ?? folder));
  const [folder] = folders;
  if (folder === undefined || folders.length > 1) {
    throw new Error(`${functionName} matches ${folders.length} folders of lambdas/ and must match exactly one.`);
  }
  return folder;
}
