import { dirname } from "node:path";
import type { Finding, Tree } from "./tree.ts";

const KEPT_SMALL = /^(core|adapters|lambdas|dashboards|infra|local|cli|package|test\/embedded-aws)\/.*\.(ts|js)$/;
/** A folder with more files than this wants another room. */
const MOST_FILES = 20;

export function fullFolders({ paths }: Tree): readonly Finding[] {
  const folders = Map.groupBy(
    paths.filter((path) => KEPT_SMALL.test(path)),
    (path) => dirname(path),
  );
  return [...folders]
    .filter(([, files]) => files.length > MOST_FILES)
    .map(([folder, files]) => ({
      where: folder,
      what: `has ${files.length} source files, where ${MOST_FILES} are allowed. Split it into rooms.`,
    }));
}
