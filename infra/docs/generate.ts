import { writeFile } from "node:fs/promises";
import { settingsMarkdown } from "./settings-page.ts";

await writeFile(new URL("../../docs/settings.md", import.meta.url), settingsMarkdown());
