/** A disk that is cut off: what it holds of a run's files, by the order of the run's system calls. */
import { existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { present } from "../../../core/model/present.ts";
import type { SystemCall } from "./trace.ts";

/** Whether a change that nobody has synced is on the disk nevertheless. */
export type Chance = (at: number) => boolean;

interface Change<T> {
  /** When it had been made, by the lines of the trace. */
  readonly at: number;
  readonly make: (to: T) => void;
}

interface Sync {
  readonly beganAt: number;
  readonly endedAt: number;
}

/** Something that has changed, and that was synced from time to time. */
class Changed<T> {
  readonly #changes: Change<T>[] = [];
  readonly #syncs: Sync[] = [];

  change(at: number, make: (to: T) => void): void {
    this.#changes.push({ at, make });
  }

  sync({ beganAt, endedAt }: Sync): void {
    this.#syncs.push({ beganAt, endedAt });
  }

  /** Makes the changes that the disk has when the power is cut. */
  restore(to: T, cutAt: number, chance: Chance): T {
    const syncedAt = Math.max(-1, ...this.#syncs.filter((sync) => sync.endedAt < cutAt).map(({ beganAt }) => beganAt));
    for (const { at, make } of this.#changes) if (at < syncedAt || (at < cutAt && chance(at))) make(to);
    return to;
  }
}

/** Data at its place. */
interface Piece {
  readonly offset: number;
  readonly length: number;
  /** Undefined if it is too long for the trace. */
  readonly bytes: Buffer | undefined;
}

/** A file whose data may have been thrown away: `truncatedTo` is its size then. */
type FileChange = Piece | { readonly truncatedTo: number };

export class File extends Changed<FileChange[]> {
  /** @param whole what the file holds in the end, for data that is too long for the trace. */
  bytes(cutAt: number, chance: Chance, whole = Buffer.alloc(0)): Buffer {
    const changes = this.restore([], cutAt, chance);
    const ends = changes.map((change) =>
      "truncatedTo" in change ? change.truncatedTo : change.offset + change.length,
    );
    const all = Buffer.alloc(Math.max(0, ...ends));
    let size = 0;
    for (const change of changes) {
      if ("truncatedTo" in change) {
        size = change.truncatedTo;
        all.fill(0, size);
        continue;
      }
      const { offset, length, bytes = whole.subarray(offset, offset + length) } = change;
      bytes.copy(all, offset);
      size = Math.max(size, offset + length);
    }
    return all.subarray(0, size);
  }
}

export class Folder extends Changed<Map<string, Node>> {
  entries(cutAt: number, chance: Chance): ReadonlyMap<string, Node> {
    return this.restore(new Map<string, Node>(), cutAt, chance);
  }
}

type Node = File | Folder;

export interface RecordedDisk {
  /** What is at a path below the root when the power is cut. */
  find(path: string, cutAt: number, chance: Chance): Node | undefined;
  /** What a file holds when the power is cut. */
  read(file: File, cutAt: number, chance: Chance): Buffer;
  /** Makes all files and folders that are left below the root. */
  restoreTo(folder: string, cutAt: number, chance: Chance): void;
}

/** @param root a folder that the disk has. It was empty when the calls began. */
export function recordedDisk(calls: readonly SystemCall[], root: string): RecordedDisk {
  const top = new Folder();
  /** What is at each path while the calls are replayed: the state in memory, which is cut off from nothing. */
  const nodes = new Map<string, Node>([[root, top]]);
  const sizes = new Map<Node, number>();

  const isOurs = (path: string | undefined): path is string => path !== undefined && path.startsWith(root);
  const folderOf = (path: string): Folder => {
    const folder = nodes.get(dirname(path));
    if (!(folder instanceof Folder)) throw new Error(`The trace does not show how the folder of ${path} was made.`);
    return folder;
  };
  const put = (at: number, path: string, node: Node): void => {
    nodes.set(path, node);
    folderOf(path).change(at, (entries) => entries.set(basename(path), node));
  };
  const remove = (at: number, path: string): void => {
    nodes.delete(path);
    folderOf(path).change(at, (entries) => entries.delete(basename(path)));
  };

  const made = ({ name, texts, rest, endedAt }: SystemCall): void => {
    const paths = texts.map(({ bytes }) => bytes.toString());
    const [first = "", second = ""] = paths;
    if (!isOurs(first)) return;
    if (name.startsWith("mkdir")) put(endedAt, first, new Folder());
    else if (name.startsWith("open")) {
      if (!nodes.has(first) && rest.includes("O_CREAT")) put(endedAt, first, new File());
      const node = nodes.get(first);
      if (node instanceof File && rest.includes("O_TRUNC")) {
        node.change(endedAt, (to) => to.push({ truncatedTo: 0 }));
        sizes.set(node, 0);
      }
    } else if (name.startsWith("link")) put(endedAt, second, present(nodes.get(first), `what is at ${first}`));
    else if (name.startsWith("rename")) {
      const node = present(nodes.get(first), `what is at ${first}`);
      nodes.delete(first);
      nodes.set(second, node);
      // Both names are in one folder: the disk has both changes, or neither.
      folderOf(second).change(endedAt, (entries) => {
        entries.delete(basename(first));
        entries.set(basename(second), node);
      });
    } else remove(endedAt, first);
  };

  const written = ({ name, file, texts, rest, endedAt }: SystemCall): void => {
    const node = isOurs(file) ? nodes.get(file) : undefined;
    if (!(node instanceof File) || file === undefined) return;
    const [length = 0, position] = rest.split(",").slice(1).map(Number);
    if (name === "ftruncate") {
      const size = Number(rest.split(",").at(-1));
      node.change(endedAt, (to) => to.push({ truncatedTo: size }));
      sizes.set(node, size);
      return;
    }
    const offset = position ?? sizes.get(node) ?? 0;
    sizes.set(node, Math.max(sizes.get(node) ?? 0, offset + length));
    const text = present(texts[0], "the data of a write");
    const bytes = text.isCut ? undefined : text.bytes;
    node.change(endedAt, (to) => to.push({ offset, length, bytes }));
  };

  for (const call of calls.filter(({ isOk }) => isOk).toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (/^(open|mkdir|link|rename|unlink|rmdir)/.test(call.name)) made(call);
    else if (call.name.endsWith("sync") && isOurs(call.file)) nodes.get(call.file)?.sync(call);
    else if (/^(write|pwrite64|ftruncate)$/.test(call.name)) written(call);
  }

  /** The data of a file, of which the trace may have cut some: it is where the file is in the end. */
  const read = (file: File, cutAt: number, chance: Chance): Buffer => {
    const [place] = [...nodes].find(([path, node]) => node === file && existsSync(path)) ?? [];
    return file.bytes(cutAt, chance, place === undefined ? undefined : readFileSync(place));
  };

  return {
    read,
    find(path, cutAt, chance) {
      let node: Node | undefined = top;
      for (const name of path.split("/")) {
        node = node instanceof Folder ? node.entries(cutAt, chance).get(name) : undefined;
      }
      return node;
    },
    restoreTo(folder, cutAt, chance) {
      const restored = new Map<Node, string>();
      const restore = (node: Node, path: string): void => {
        const before = restored.get(node);
        restored.set(node, path);
        if (before !== undefined) linkSync(before, path);
        else if (node instanceof File) writeFileSync(path, read(node, cutAt, chance));
        else {
          mkdirSync(path, { recursive: true });
          for (const [name, entry] of node.entries(cutAt, chance)) restore(entry, join(path, name));
        }
      };
      restore(top, folder);
    },
  };
}
