import type { TestProject } from "vitest/node";
import { prodTemplate } from "./synthesized.ts";
import type { Template } from "./cloudwatch/template.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Prod's template, synthesized once for all test files. */
    readonly prodTemplate: Template;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide("prodTemplate", await prodTemplate());
}
