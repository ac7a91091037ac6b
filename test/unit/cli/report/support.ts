import { readFileSync } from "node:fs";
import { writeReport, type ReportInput } from "../../../../cli/report/write-report.ts";
import { STARTED_AT_MS, type MadeUpRun } from "../made-up-run.ts";

/** Writes the report of a made-up run of ten seconds. @returns the page. */
export async function reportOn(run: MadeUpRun, more: Partial<ReportInput> = {}): Promise<Page> {
  const path = run.path("report.html");
  await writeReport(path, {
    database: run.database,
    list: 1,
    eventsPath: run.path("events.jsonl"),
    eventsFrom: 0,
    logPath: run.path("log.jsonl"),
    logFrom: 0,
    startedAtMs: STARTED_AT_MS,
    endedAtMs: STARTED_AT_MS + 10_000,
    how: "done",
    command: ["fetchonce", "get", "list.txt"],
    out: run.folder,
    settings: [],
    ...more,
  });
  return new Page(readFileSync(path, "utf8"));
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** What a reader sees of a piece of HTML. */
const textOf = (html: string): string =>
  html
    .replace(/<\/?(strong|span|bdi)\b[^>]*>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? "")
    .replace(/\s+/g, " ")
    .trim();

/** A report, as a reader sees it. */
export class Page {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }

  get text(): string {
    return textOf(this.html.replace(/<style>.*<\/style>/s, ""));
  }

  get titles(): readonly string[] {
    return [...this.html.matchAll(/<h2>(.*?)<\/h2>/gs)].map(([, title = ""]) => textOf(title));
  }

  /** What the head of the page says about a fact. */
  fact(name: string): string | undefined {
    const [, value] = new RegExp(`<dt>${name}</dt>\\s*<dd>(.*?)</dd>`, "s").exec(this.html) ?? [];
    return value === undefined ? undefined : textOf(value);
  }

  section(title: string): string {
    const start = this.html.indexOf(`<h2>${title}</h2>`);
    return start < 0 ? "" : this.html.slice(start, this.html.indexOf("</section>", start));
  }

  sectionText(title: string): string {
    return textOf(this.section(title));
  }

  /** The cells of a section's tables, row by row, without heads and timelines. */
  rows(title: string): readonly (readonly string[])[] {
    const section = this.section(title).replace(/(<\/summary>).*?(<\/details>)/gs, "$1$2");
    const bodies = [...section.matchAll(/<tbody>(.*?)<\/tbody>/gs)].map(([, body = ""]) => body).join("");
    return [...bodies.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
      [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = ""]) => textOf(cell)),
    );
  }
}
