import fs from "node:fs";
import type { Secrets } from "../../core/ports/secrets.ts";
import { secretIn } from "../node/secret-text.ts";
import { onDisk } from "./disk.ts";

const VARIABLE = "FETCHONCE_SECRET_";
const variableOf = (name: string): string => VARIABLE + name.toUpperCase().replace(/[^A-Z0-9]/g, "_");

/** Secrets by their names, in a JSON file and in variables: `FETCHONCE_SECRET_ARCHIVE` is the one named `archive`. */
export function localSecrets(file: string | undefined, env: Readonly<NodeJS.ProcessEnv>): Secrets {
  const read = (): Readonly<Record<string, unknown>> => {
    if (file === undefined) return {};
    const text = onDisk(file, () => fs.readFileSync(file, "utf8"));
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  };
  return {
    async read(name) {
      const variable = env[variableOf(name)];
      if (variable !== undefined) return secretIn(name, variable);
      const value = read()[name];
      return value === undefined ? undefined : secretIn(name, JSON.stringify(value));
    },
  };
}
