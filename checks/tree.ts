import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The files of a checkout, as git knows them: tracked ones, and new ones that it does not ignore. */
export interface Tree {
  readonly paths: readonly string[];
  readonly read: (path: string) => string;
}

export function treeAt(root: string): Tree {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return {
    paths: listed.split("\n").filter((path) => path !== "" && existsSync(join(root, path))),
    read: (path) => readFileSync(join(root, path), "utf8"),
  };
}

/** `where` is `path` or `path:line`. */
export interface Finding {
  readonly where: string;
  readonly what: string;
}
