import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { GIB, isOver, rounded, type Measured } from "./measurement.ts";

const FOLDER = new URL("../results/", import.meta.url);

/** The machine that the figures were measured on. A load average well above 0 means that it had other work as well. */
export const describeMachine = () => ({
  processor: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory_gib: rounded(totalmem() / GIB, 1),
  system: `${process.platform} ${process.arch}`,
  node: process.version,
  load_average_1m: rounded(loadavg()[0] ?? 0),
});

/** @returns the file's path, relative to the project root. */
export async function writeResult(
  name: string,
  machine: ReturnType<typeof describeMachine>,
  { figures, remarks }: Measured,
): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const result = {
    name,
    date: new Date().toISOString(),
    command: `npm run bench ${name}`,
    machine,
    figures,
    remarks: remarks.join(" "),
  };
  await writeFile(new URL(`${name}.json`, FOLDER), `${JSON.stringify(result, undefined, 2)}\n`);
  return `bench/results/${name}.json`;
}

export function tableOf({ figures, remarks }: Measured): string {
  const rows = figures.map((figure) => [
    figure.what,
    figure.value.toLocaleString("en-US", { maximumFractionDigits: 3 }),
    figure.unit,
    figure.atMost === undefined ? "" : `${isOver(figure) ? "OVER" : "within"} ${figure.atMost.toLocaleString("en-US")}`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([what = "", value = "", unit = "", verdict = ""]) =>
    `  ${what.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${verdict}`.trimEnd(),
  );
  return [...lines, ...remarks.map((remark) => `  - ${remark}`)].join("\n");
}
