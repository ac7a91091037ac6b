import { describe, expect, it } from "vitest";
import { fileNameOf } from "../../../../core/origin/file-name.ts";

describe("the file name of a Content-Disposition header", () => {
  it.each([
    ["attachment", undefined],
    ["", undefined],
    [undefined, undefined],
    ['attachment; filename="report 1.pdf"', "report 1.pdf"],
    ["attachment; filename=report.pdf", "report.pdf"],
    ["attachment;FILENAME=report.pdf;size=3", "report.pdf"],
    ['attachment; filename="a \\"quoted\\" name.txt"', 'a "quoted" name.txt'],
    ["attachment; filename=\"plain.txt\"; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"],
    ["attachment; filename*=iso-8859-1'en'caf%E9.txt", "café.txt"],
    ["attachment; filename*=UTF-8''%ff.txt; filename=\"fallback.txt\"", "fallback.txt"],
    ['attachment; filename="../../etc/passwd"', "passwd"],
    ['attachment; filename="C:\\\\folder\\\\name.doc"', "name.doc"],
    ['attachment; filename="/"', undefined],
    ['attachment; filename=""', undefined],
    [`attachment; filename="${"x".repeat(300)}"`, "x".repeat(255)],
  ])("%j gives %j", (header, name) => {
    expect(fileNameOf(header)).toBe(name);
  });
});
