/** `npm run check` ends with it: what no other tool looks at. Looks at the folder it is started in. */
import { fullFolders } from "./folders.ts";
import { wideLines } from "./prose.ts";
import { brokenLinks, danglingReferences } from "./references.ts";
import { treeAt } from "./tree.ts";

const tree = treeAt(process.cwd());
const findings = [fullFolders, wideLines, danglingReferences, brokenLinks].flatMap((check) => Array.from(check(tree)));
for (const { where, what } of findings) process.stdout.write(`${where} ${what}\n`);
process.stdout.write(`${findings.length} findings in ${tree.paths.length} files\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
