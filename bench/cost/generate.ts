import { writeFile } from "node:fs/promises";
import { costMarkdown } from "./document.ts";
import { storedResultOf } from "./stored-results.ts";

await writeFile(
  new URL("../../docs/cost.md", import.meta.url),
  costMarkdown(storedResultOf("cost"), storedResultOf("fixed-costs"), storedResultOf("cost-paths")),
);
