import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../../checks/run.ts", import.meta.url));

/** Runs `node checks/run.ts`, as `npm run check` does, in a repository made of these files. */
function check(files: Readonly<Record<string, string>>): {
  readonly passed: boolean;
  readonly findings: readonly string[];
} {
  const tree = mkdtempSync(join(tmpdir(), "checks-"));
  try {
    execFileSync("git", ["init", "--quiet"], { cwd: tree });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM], { cwd: tree, encoding: "utf8" });
    return { passed: status === 0, findings: stdout.trim().split("\n").slice(0, -1) };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const WIDE = `${"word ".repeat(30)}end`;
const filesIn = (folder: string, count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${folder}/f${index}.ts`, ""]));

describe("npm run check finds", () => {
  const PLANTED: readonly (readonly [what: string, files: Readonly<Record<string, string>>, finding: RegExp])[] = [
    ["a product folder with 21 files", filesIn("core/model", 21), /^core\/model has 21 source files/],
    ["a full folder of the embedded AWS", filesIn("test/embedded-aws/s3", 21), /^test\/embedded-aws\/s3 has 21/],
    ["a wide line of a page", { "docs/a.md": WIDE }, /^docs\/a\.md:1 has 153 columns/],
    ["a wide item of a list", { "a.md": `# A\n\n- ${WIDE}` }, /^a\.md:3 has 155 columns/],
    ["a wide comment line", { "core/model/a.ts": `// ${WIDE}\n` }, /^core\/model\/a\.ts:1 has/],
    ["a wide doc comment", { "test/a.ts": `/**\n * ${WIDE}\n */\n` }, /^test\/a\.ts:2 has/],
    ["a wide comment behind code", { "cli/a.ts": `const a = 1; // ${WIDE}\n` }, /^cli\/a\.ts:1 has/],
    [
      "a wide comment of a workflow",
      { ".github/workflows/a.yml": `# ${WIDE}\n` },
      /^\.github\/workflows\/a\.yml:1 has/,
    ],
    ["a link to a page that is not there", { "a.md": "[b](b.md)" }, /^a\.md:1 has a broken link: \(b\.md\)/],
    ["a link to a heading that is not there", { "a.md": "[b](#b)\n\n# A" }, /^a\.md:1 has a broken link/],
    [
      "a link to another page's missing heading",
      { "a.md": "[b](b.md#c)", "b.md": "# B" },
      /^a\.md:1 has a broken link/,
    ],
    ["a page that names a missing file", { "a.md": "see `core/model/x.ts`" }, /^a\.md:1 names core\/model\/x\.ts/],
    ["a comment that names a missing file", { "cli/a.ts": "// see docs/x.md\n" }, /^cli\/a\.ts:1 names docs\/x\.md/],
    ["a decision that does not exist", { "cli/a.ts": "// ADR 9999 says why.\n" }, /^cli\/a\.ts:1 names ADR 9999/],
    ["a document that is kept elsewhere", { "a.md": "(design, section 7)" }, /^a\.md:1 refers to "design, section"/],
    ["a document in capitals that is kept elsewhere", { "cli/a.ts": "// FACTS, S3\n" }, /refers to "FACTS"/],
  ];

  it.each(PLANTED)("%s", (_what, files, finding) => {
    const { passed, findings } = check(files);
    expect(passed).toBe(false);
    expect(findings).toEqual([expect.stringMatching(finding)]);
  });
});

it("npm run check passes tables, code blocks, long links, existing references and 20 files in a folder", () => {
  const page = [
    "# A page",
    "## Words, and `code`",
    "## Twice",
    "## Twice",
    `| ${WIDE} |`,
    "```sh",
    WIDE,
    "see core/model/gone.ts",
    "```",
    `- [a](https://example.com/${"a".repeat(150)})`,
    "[words](#words-and-code), [second](#twice-1), [b](docs/adr/0001-b.md#b), [folder](docs/adr/)",
    "`core/model/f1.ts` and ADR 0001; core/*/any.ts and `core/<room>/x.ts` are patterns.",
  ];
  const files = {
    ...filesIn("core/model", 20),
    "a.md": page.join("\n"),
    "docs/adr/0001-b.md": "# B",
    "cli/a.ts": `const text = "${WIDE} // no comment";\nconst url = "https://example.com/";\n`,
  };
  expect(check(files)).toEqual({ passed: true, findings: [] });
});
