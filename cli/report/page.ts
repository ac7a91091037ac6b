import { createHash } from "node:crypto";
import { html, Html } from "./html.ts";
import { failedSection, slowestSection } from "./job-sections.ts";
import { headSection, settingsSection } from "./run-sections.ts";
import {
  hostSection,
  reasonSection,
  sizeSection,
  stateSection,
  throughputSection,
  unfinishedSection,
  waitSection,
} from "./sections.ts";
import type { Report } from "./report.ts";
import { STYLE } from "./style.ts";

/** The page may use its own style and nothing else: no script, no request, no form. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Made outside of templates, because the policy holds for each of its characters. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

const SECTIONS = [
  stateSection,
  reasonSection,
  unfinishedSection,
  throughputSection,
  hostSection,
  sizeSection,
  waitSection,
  slowestSection,
  failedSection,
  settingsSection,
] as const;

/** The whole report, as a page. */
export function page(report: Report): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>fetchonce: report of a run</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>${headSection(report)} ${SECTIONS.flatMap((section) => section(report) ?? [])}</main>
        <p class="faint">results.jsonl has a line for each file, events.jsonl each event of each run.</p>
      </body>
    </html> `.text;
}
