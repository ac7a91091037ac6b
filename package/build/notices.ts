import type { Metafile } from "esbuild";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;
/** Licences that do not ask to be passed on. Packages may come without their text. */
const NEEDS_NO_TEXT = new Set(["MIT-0", "0BSD", "CC0-1.0", "Unlicense"]);
/** This package's own licence: its text lies beside the programs. */
const OURS = "Apache-2.0";
const RULE = "-".repeat(80);

/** The folders of the packages from which the bundles hold code. */
export function bundledPackages(metafiles: readonly Metafile[]): readonly string[] {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const inputs = outputs.flatMap((output) => Object.entries(output.inputs));
  const folders = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (PACKAGE.exec(path)?.[0] ?? []) : [],
  );
  return [...new Set(folders)].sort();
}

/** @throws Error if a package comes without the text of its licence, and the licence asks for it. */
export async function noticesOf(folders: readonly string[]): Promise<string> {
  const notices = await Promise.all(folders.map(noticeOf));
  // Many packages of one owner have the same text.
  const notes = [...Map.groupBy(notices, ({ text }) => text)].map(
    ([text, same]) => `${same.map(({ title }) => `${title}\n`).join("")}${text}`,
  );
  return `The programs of fetchonce contain code of these packages.\n\n${notes.join(`\n${RULE}\n\n`)}`;
}

interface Notice {
  readonly title: string;
  readonly text: string;
}

async function noticeOf(folder: string): Promise<Notice> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).sort();
  const title = `${name} ${version} (${license})`;
  if (files.length === 0 && license === OURS)
    return { title, text: "\nThe text of this licence is in the file LICENSE.\n" };
  if (files.length === 0 && !NEEDS_NO_TEXT.has(license ?? ""))
    throw new Error(`${title} comes without the text of its licence, so it cannot be bundled.`);
  const texts = await Promise.all(files.map(async (file) => readFile(join(folder, file), "utf8")));
  return { title, text: texts.map((text) => `\n${text.trim()}\n`).join("") };
}
