/** Environments that a user keeps in a file of their own, outside of this source. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { nameOf } from "./names.ts";
import type { Environment } from "./environment.ts";
import { ENVIRONMENTS, OFFERED } from "./environments.ts";
import { environmentOf } from "./settings.ts";

/**
 * Reads a JSON file, or a module (`.js`, `.mjs`, `.ts`) whose default export it is. It holds environments by name, each
 * with one of ours that it extends, and `Settings`: `{ "papers": { "extends": "prod", "workerConcurrency": 50 } }`.
 * @throws RangeError if the file cannot be read, or what it holds is no environment. It says what to write.
 */
export async function readEnvironments(file: string): Promise<Readonly<Record<string, Environment>>> {
  const held = await contentOf(resolve(file)).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new RangeError(`The environments cannot be read from ${file}: ${why}`, { cause: error });
  });
  if (!isRecord(held)) throw new RangeError(`${file} holds no environments. ${EXAMPLE}`);
  return Object.fromEntries(
    Object.entries(held).map(([name, environment]) => [checkedName(file, name), made(file, name, environment)]),
  );
}

const EXAMPLE = 'Write { "papers": { "extends": "prod", "workerConcurrency": 50 } }.';

const contentOf = async (path: string): Promise<unknown> =>
  path.endsWith(".json")
    ? (JSON.parse(await readFile(path, "utf8")) as unknown)
    : ((await import(pathToFileURL(path).href)) as { readonly default?: unknown }).default;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function checkedName(file: string, name: string): string {
  if (Object.hasOwn(ENVIRONMENTS, name))
    throw new RangeError(`${file}: there is an environment "${name}" already. Give yours another name.`);
  if (nameOf(name) !== name) throw new RangeError(`${file}: write "${nameOf(name)}" in the place of "${name}".`);
  return name;
}

function made(file: string, name: string, environment: unknown): Environment {
  const { extends: base, ...settings } = isRecord(environment) ? environment : {};
  const known = OFFERED.find((offered) => offered === base);
  if (known === undefined)
    throw new RangeError(`${file}, ${name}: "extends" names none of ${OFFERED.join(", ")}. ${EXAMPLE}`);
  try {
    return environmentOf(ENVIRONMENTS[known], settings);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${file}, ${name}: ${error.message}`, { cause: error });
  }
}
