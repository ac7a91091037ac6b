import { present } from "../../core/model/present.ts";
import { medianOf, rounded } from "../harness/measurement.ts";
import type { UrlList } from "./files.ts";
import type { Download, Testbed } from "./testbed.ts";
import type { Tool } from "./tools.ts";

type DownloadsOf = (tool: Tool) => readonly Download[];

/** Lets the tools download the same list in turns, again and again, so that a disturbance hits all of them. */
export async function inTurns(
  testbed: Testbed,
  tools: readonly Tool[],
  list: UrlList,
  rounds: number,
): Promise<DownloadsOf> {
  const downloads = new Map<Tool, Download[]>(tools.map((tool) => [tool, []]));
  for (let round = 1; round <= rounds; round += 1)
    for (const [tool, its] of downloads) its.push(await testbed.download(tool, list));
  return (tool) => downloads.get(tool) ?? [];
}

export const median = (downloads: readonly Download[], figure: (download: Download) => number, decimals = 2): number =>
  rounded(medianOf(downloads.map(figure)), decimals);

/** The median of the rounds' ratios: both were measured in each round. */
export const medianRatio = (
  of: readonly Download[],
  to: readonly Download[],
  figure: (download: Download) => number,
): number =>
  rounded(medianOf(of.map((one, round) => figure(one) / figure(present(to[round], "the other one of the round")))));
