import { writeFile } from "node:fs/promises";
import { storedResultOf } from "../cost/stored-results.ts";
import { answersOf } from "./answers.ts";
import { scaleMarkdown } from "./document.ts";

await writeFile(
  new URL("../../docs/scale.md", import.meta.url),
  scaleMarkdown(answersOf(storedResultOf("cost"), storedResultOf("fixed-costs"))),
);
