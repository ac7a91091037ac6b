import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { PANELS } from "../../dashboards/catalogue/panels.ts";
import { CONTRIBUTOR_RULES } from "../../dashboards/catalogue/contributors.ts";
import { QUERIES } from "../../dashboards/catalogue/queries.ts";
import { reconcilerEnv } from "../../lambdas/reconciler/env.ts";
import { gateRolloutEnv } from "../../lambdas/gate-rollout/env.ts";
import { workerEnv } from "../../lambdas/worker/env.ts";
import { deployed, nameOf, tellingIn } from "./monitored.ts";
import { type Synthesized, synthesized, temporaryFolder } from "./synthesize.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = globSync("docs/runbooks/*.md", { cwd: ROOT }).filter((page) => !page.endsWith("README.md"));
const PARTS = ["What it means", "How to look", "What to do", "How to know it is over"];
const outdir = temporaryFolder();
let prod: Synthesized;

beforeAll(async () => {
  prod = await synthesized("prod", outdir);
});

const read = (page: string): string => readFileSync(path.join(ROOT, page), "utf8");
const headingsOf = (page: string): readonly string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);

/** `docs/runbooks/<page>.md#<alarm-id>`, from the alarm's own text. */
const linkOf = (text: string): string => /^Runbook: (.+)$/m.exec(text)?.[1] ?? "";
const ALARM_ID = /^[a-z]+(-[a-z]+)+$/;

describe("runbooks", () => {
  it("have a section for each alarm of prod's template, at the link in the alarm's text", () => {
    const lost = tellingIn(prod).filter((alarm) => {
      const [page = "", section] = linkOf(deployed(alarm.properties["AlarmDescription"])).split("#");
      const isIts = nameOf(alarm) === `fetchonce-prod-${section}`;
      return !isIts || !existsSync(path.join(ROOT, page)) || !headingsOf(page).includes(section ?? "");
    });
    expect(lost.map(nameOf)).toEqual([]);
  });

  it("have no section without an alarm and no page without a section", () => {
    const links = tellingIn(prod).map((alarm) => linkOf(deployed(alarm.properties["AlarmDescription"])));
    const sections = PAGES.flatMap((page) =>
      headingsOf(page)
        .filter((heading) => ALARM_ID.test(heading))
        .map((heading) => `${page}#${heading}`),
    );
    expect(sections.sort()).toEqual(links.sort());
    expect(new Set(sections.map((section) => section.split("#")[0]))).toEqual(new Set(PAGES));
  });
});

describe.each(PAGES)("%s", (page) => {
  const text = read(page);

  it(`has, in this order, the parts: ${PARTS.join(", ")}`, () => {
    expect(headingsOf(page).filter((heading) => PARTS.includes(heading))).toEqual(PARTS);
  });

  it("names only outputs that the stack has", () => {
    const asked = [...text.matchAll(/output ([A-Z]\w+)/g)].map(([, output]) => output);
    expect(asked.filter((output) => !prod.outputs.includes(output ?? ""))).toEqual([]);
  });

  it("names only saved queries and dashboard panels that exist", () => {
    const queries = [...text.matchAll(/\*\*([^*]+)\*\*/g)].map(([, title]) => title);
    expect(queries.filter((title) => !QUERIES.some((query) => query.title === title))).toEqual([]);
    const titles = [...text.matchAll(/\b_([^_\n]+)_(?!\w)/g)].map(([, title]) => title);
    const widgets = [...PANELS, ...Object.values(CONTRIBUTOR_RULES)];
    expect(titles.filter((title) => !widgets.some((widget) => widget.title === title))).toEqual([]);
  });

  it("names only settings that exist", () => {
    const settings = Object.keys({ ...workerEnv.shape, ...reconcilerEnv.shape, ...gateRolloutEnv.shape });
    const named = [...text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !settings.includes(name) && name !== "ENABLED")).toEqual([]);
  });
});

describe("saved queries", () => {
  it("are in prod's template and search the logs of the workers and the reconciler", () => {
    const logs = ["WorkerLogs", "LongWorkerLogs", "ReconcilerLogs"].map((id) => ({
      Ref: prod.one("AWS::Logs::LogGroup", id).id,
    }));
    const saved = prod.all("AWS::Logs::QueryDefinition");
    expect(saved.map(({ properties }) => String(properties["Name"])).sort()).toEqual(
      QUERIES.map(({ title }) => `fetchonce-prod/${title}`).sort(),
    );
    for (const { properties } of saved) expect(properties["LogGroupNames"]).toEqual(logs);
  });
});
