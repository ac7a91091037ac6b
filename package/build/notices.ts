import type { Metafile } from "esbuild";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;
/** Licences that do not ask to be passed on. Packages may come without their text. */
const NEEDS_NO_TEXT = new Set(["MIT-0", "0BSD", "CC0-1.0", "Unlicense"]);
const RULE = "-".repeat(80);

/** The folders of the packages from which the bundles hold code. */
export function bundledPackages({ outputs }: Metafile): readonly string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (PACKAGE.exec(path)?.[0] ?? []) : [],
  );
  return [...new Set(folders)].sort();
}

/** @throws Error if a package comes without the text of its licence, and the licence asks for it. */
export async function noticesOf(folders: readonly string[]): Promise<string> {
  const notices = await Promise.all(folders.map(noticeOf));
  return `The programs of fetchonce contain code of these packages.\n\n${notices.join(`\n${RULE}\n\n`)}`;
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).sort();
  if (files.length === 0 && !NEEDS_NO_TEXT.has(license ?? ""))
    throw new Error(`${name} ${version} (${license}) comes without the text of its licence, so it cannot be bundled.`);
  const texts = await Promise.all(files.map(async (file) => readFile(join(folder, file), "utf8")));
  return [`${name} ${version} (${license})\n`, ...texts.map((text) => `\n${text.trim()}\n`)].join("");
}
