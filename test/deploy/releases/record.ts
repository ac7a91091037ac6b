/**
 * `node test/deploy/releases/record.ts` records the present version's templates, so that upgrades from it are tested.
 * Run it when a version is released. A recorded release is never changed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildApp } from "../../../infra/build.ts";

const PLACE = { environment: "aws://unknown-account/unknown-region" };
const KEPT = new Set(["aws:cloudformation:stack", "cdk:asset-manifest"]);

interface Artifact {
  readonly type: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly dependencies?: readonly string[];
}
interface Manifest {
  readonly version: string;
  readonly artifacts: Readonly<Record<string, Artifact>>;
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
const { version } = readJson(fileURLToPath(new URL("../../../package.json", import.meta.url))) as { version: string };

for (const env of ["dev", "staging", "prod"]) {
  const outdir = await mkdtemp(path.join(tmpdir(), "fetchonce-release-"));
  const folder = fileURLToPath(new URL(`${version}/${env}`, import.meta.url));
  // Fails if this version is recorded already.
  mkdirSync(path.dirname(folder), { recursive: true });
  mkdirSync(folder);
  const { app } = await buildApp({ outdir, context: { env } }, { validated: false });
  app.synth();
  const write = (file: string, content: unknown): void =>
    writeFileSync(path.join(folder, file), `${JSON.stringify(content)}\n`);

  const { artifacts, ...manifest } = readJson(path.join(outdir, "manifest.json")) as Manifest;
  const kept = Object.entries(artifacts)
    .filter(([, { type }]) => KEPT.has(type))
    .map(([id, { type, properties, dependencies }]) => [id, { type, ...PLACE, properties, dependencies }] as const);
  write("manifest.json", { ...manifest, artifacts: Object.fromEntries(kept) });
  for (const [, { properties }] of kept) {
    const file = properties["templateFile"] ?? properties["file"] ?? "";
    write(file, readJson(path.join(outdir, file)));
  }
  await rm(outdir, { recursive: true });
}
