import fs from "node:fs";
import { dirname } from "node:path";
import { onDisk, syncFolder } from "../../adapters/local/disk.ts";

export type Append = (piece: string | Uint8Array) => void;

/**
 * Writes a file that is whole whenever it is there: a draft beside it takes its place once the disk has it. If `fill`
 * fails, what stood at the path stays as it was. Two writers of one path must not work at the same time.
 */
export async function writeWholeFile(path: string, fill: (append: Append) => void | Promise<void>): Promise<void> {
  const draft = `${path}.part`;
  const file = onDisk(draft, () => fs.openSync(draft, "w"));
  try {
    await fill((piece) => onDisk(draft, () => fs.writeFileSync(file, piece)));
    onDisk(draft, () => fs.fsyncSync(file));
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw error;
  } finally {
    fs.closeSync(file);
  }
  onDisk(path, () => fs.renameSync(draft, path));
  await syncFolder(dirname(path));
}
