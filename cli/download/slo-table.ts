import type { SloResult } from "../../dashboards/catalogue/report.ts";

const HEADER = ["SLO", "objective", "actual", "budget left", "verdict"];

/** The lines of a text table, with numbers aligned right. */
export function describeSlos(results: readonly SloResult[]): readonly string[] {
  if (results.every(({ total }) => total === 0)) return ["No SLO report: this run has no measurements."];
  const rows = [HEADER, ...results.map(rowOf)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return column >= 1 && column <= 3 ? text.padStart(width) : text.padEnd(width);
      })
      .join("   ")
      .trimEnd(),
  );
}

const rowOf = ({ slo, bad, total, actual, budgetLeft, verdict }: SloResult): readonly string[] => [
  slo.title,
  formatShare(slo.objective),
  formatShare(actual),
  formatShare(budgetLeft),
  bad === 0 ? verdict : `${verdict} (${bad} of ${total} bad)`,
];

/** Rounds down: 99.9996 % must not become 100 %. */
function formatShare(share: number | undefined): string {
  if (share === undefined) return "-";
  const percent = share * 100;
  const rounded = Math.abs(percent) >= 1000 ? Math.trunc(percent) : Math.floor(percent * 100 + 1e-6) / 100;
  return `${rounded} %`;
}
