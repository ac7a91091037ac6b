import GithubSlugger from "github-slugger";
import { dirname, join } from "node:path";
import { proseOf } from "./prose.ts";
import type { Finding, Tree } from "./tree.ts";

/** Documents that a reader of the repository does not have. */
const ELSEWHERE =
  /\b(FACTS|DESIGN|EXAMPLES|ROADMAP)\b(?!\.md\))|\bdesign, section\b|\bthe (design|mission)'s\b|\bissue #?\d/;
const FOLDERS = "adapters|bench|checks|cli|clients|core|dashboards|docs|infra|lambdas|local|package|test";
const PATH = new RegExp(
  `(?<![\\w/.@-])(?:\\./)?((?:${FOLDERS})/[\\w./-]*\\.(?:ts|md|json|ya?ml|m?js|py|html|css))\\b`,
  "g",
);
const DECISION = /\bADR (\d{4})\b/g;

/** What prose names must be there: files, decisions, and no document that is kept elsewhere. */
export function* danglingReferences(tree: Tree): Generator<Finding> {
  const paths = new Set(tree.paths);
  const isDecision = (number: string): boolean => tree.paths.some((path) => path.startsWith(`docs/adr/${number}-`));
  for (const { path, number, text } of proseOf(tree)) {
    const where = `${path}:${number}`;
    const elsewhere = ELSEWHERE.exec(text);
    if (elsewhere)
      yield { where, what: `refers to "${elsewhere[0]}", which is not in the repository. Say what it says.` };
    for (const [, file = ""] of text.matchAll(PATH))
      if (!paths.has(file)) yield { where, what: `names ${file}, which does not exist.` };
    for (const [, decision = ""] of text.matchAll(DECISION))
      if (!isDecision(decision)) yield { where, what: `names ADR ${decision}, which does not exist.` };
  }
}

const LINK = /\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g;

export function* brokenLinks(tree: Tree): Generator<Finding> {
  const pages = tree.paths.filter((path) => path.endsWith(".md"));
  const folders = new Set(tree.paths.flatMap(foldersOf));
  const anchors = new Map(pages.map((path) => [path, anchorsOf(tree.read(path))]));
  for (const { path, number, text } of proseOf(tree)) {
    if (!path.endsWith(".md")) continue;
    for (const [link, file = "", anchor] of text.matchAll(LINK)) {
      if (/^[a-z]+:/.test(file)) continue;
      const target = file === "" ? path : join(dirname(path), file).replace(/\/$/, "");
      const isThere = tree.paths.includes(target) || folders.has(target);
      const hasAnchor = anchor === undefined || anchors.get(target)?.has(anchor) === true;
      if (!isThere || !hasAnchor) yield { where: `${path}:${number}`, what: `has a broken link: ${link.slice(1)}` };
    }
  }
}

/** Every folder above a file. */
const foldersOf = (path: string): readonly string[] =>
  path
    .split("/")
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join("/"));

function anchorsOf(page: string): ReadonlySet<string> {
  const slugger = new GithubSlugger();
  return new Set([...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => slugger.slug(heading)));
}
