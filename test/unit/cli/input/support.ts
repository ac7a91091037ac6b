import { mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll } from "vitest";
import {
  describeProblem,
  readInput,
  type InputEntry,
  type InputItem,
  type InputOptions,
  type InputProblem,
} from "../../../../cli/input/read-input.ts";

export const DIGEST = "ab".repeat(32);
export const urlOf = (n: number): string => `https://example.org/${n}`;

export interface Read {
  readonly entries: readonly InputEntry[];
  readonly problems: readonly InputProblem[];
  /** The problems in words, without the lines that they are about. */
  readonly said: readonly string[];
}

export async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function readAll(items: AsyncIterable<InputItem>, name = "list"): Promise<Read> {
  const all = await collected(items);
  const problems = all.filter((item): item is InputProblem => "reason" in item);
  return {
    entries: all.filter((item): item is InputEntry => !("reason" in item)),
    problems,
    said: problems.map((problem) => describeProblem(name, problem).split("\n    ", 1)[0] ?? ""),
  };
}

class Lists {
  folder = "";

  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  async read(name: string, content: string | Uint8Array, options: InputOptions = {}): Promise<Read> {
    return readAll(readInput([await this.write(name, content)], options, Readable.from([])), name);
  }
}

/** Gives a test file a folder for lists, which is removed when its tests are over. */
export function listsOfTests(): Lists {
  const lists = new Lists();
  beforeAll(async () => {
    lists.folder = await mkdtemp(join(tmpdir(), "fetchonce-input-"));
  });
  afterAll(async () => rm(lists.folder, { recursive: true }));
  return lists;
}

export const readStdin = (chunks: Iterable<string | Uint8Array>, options: InputOptions = {}): Promise<Read> =>
  readAll(readInput(["-"], options, Readable.from(chunks)), "standard input");

/** The files of a folder that this process has open (Linux). */
export async function openFiles(folder: string): Promise<readonly string[]> {
  const descriptors = await readdir("/proc/self/fd");
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.filter((target) => target.startsWith(folder));
}
