import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { localSecrets } from "../../../../adapters/local/secrets.ts";

const ARCHIVE = { hosts: ["archive.example.org"], headers: { authorization: "Bearer a" } };
const OTHER = { hosts: ["*.example.org"], headers: { authorization: "Bearer b" } };

async function fileOf(secrets: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-secrets-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "secrets.json");
  await writeFile(file, JSON.stringify(secrets));
  return file;
}

it("a secret's variable goes before the file, and is called after it in capitals", async () => {
  const file = await fileOf({ "the-archive": OTHER, other: OTHER });
  const secrets = localSecrets(file, { FETCHONCE_SECRET_THE_ARCHIVE: JSON.stringify(ARCHIVE) });
  expect(await secrets.read("the-archive")).toEqual(ARCHIVE);
  expect(await secrets.read("other")).toEqual(OTHER);
});

it("there is no secret that neither has", async () => {
  expect(await localSecrets(undefined, {}).read("archive")).toBeUndefined();
  expect(await localSecrets(await fileOf({}), {}).read("archive")).toBeUndefined();
});

it("a secret that cannot be read fails by its name, and says nothing of what it holds", async () => {
  const secrets = localSecrets(undefined, { FETCHONCE_SECRET_ARCHIVE: '{"hosts":[],"headers":{"a":"hidden"}}' });
  await expect(secrets.read("archive")).rejects.toThrow(/^secret_unreadable:archive$/);
});
