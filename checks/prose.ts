import type { Finding, Tree } from "./tree.ts";

/** A line that a person reads. */
export interface ProseLine {
  readonly path: string;
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

const PAGE = /\.md$/;
const SLASH_COMMENTS = /\.(ts|mjs|js|css)$/;
const HASH_COMMENTS = /(\.(ya?ml|py|sh)|^\.ci\/run)$/;
/** Written by tools, or kept as a release wrote it. */
const NOT_OURS =
  /^(dashboards\/(openslo\.yaml|grafana\/)|test\/deploy\/(releases\/\d|requirements))|^package-lock\.json$/;

/** The prose of a tree: pages without their tables and code blocks, and the comments in code. */
export function* proseOf({ paths, read }: Tree): Generator<ProseLine> {
  for (const path of paths.filter((each) => !NOT_OURS.test(each))) {
    if (PAGE.test(path)) yield* pageLines(path, read(path));
    else if (SLASH_COMMENTS.test(path)) yield* commentLines(path, read(path), /^\s*(\/\/|\/?\*)|^[^"'`]*\/\/ /);
    else if (HASH_COMMENTS.test(path)) yield* commentLines(path, read(path), /^\s*#/);
  }
}

function* pageLines(path: string, page: string): Generator<ProseLine> {
  let isCode = false;
  for (const [index, text] of page.split("\n").entries()) {
    if (/^\s*(```|~~~)/.test(text)) isCode = !isCode;
    else if (!isCode && !/^ {4}/.test(text)) yield { path, number: index + 1, text };
  }
}

function* commentLines(path: string, source: string, comment: RegExp): Generator<ProseLine> {
  for (const [index, text] of source.split("\n").entries()) {
    if (comment.test(text)) yield { path, number: index + 1, text };
  }
}

const LONGEST_LINE = 120;
/** A table's row cannot be wrapped, nor can a line whose only long word is a link. */
const isTableRow = (text: string): boolean => text.startsWith("|");
const canBeWrapped = (text: string): boolean =>
  /\S\s+\S/.test(text.slice(0, LONGEST_LINE).replace(/^\s*([-*]|\d+\.)\s/, ""));

export function* wideLines(tree: Tree): Generator<Finding> {
  for (const { path, number, text } of proseOf(tree)) {
    const columns = text.length;
    if (columns > LONGEST_LINE && !isTableRow(text) && canBeWrapped(text))
      yield { where: `${path}:${number}`, what: `has ${columns} columns, where ${LONGEST_LINE} are allowed. Wrap it.` };
  }
}
