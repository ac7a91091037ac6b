import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { GENERATED } from "./generated.ts";

const ROOT = new URL("../", import.meta.url);

for (const { path, render } of GENERATED) {
  const file = fileURLToPath(new URL(path, ROOT));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, render());
}
