import { GIB, type Figure } from "../harness/measurement.ts";
import type { PeersOptions } from "./options.ts";
import { inTurns, median, medianRatio } from "./rounds.ts";
import type { Testbed } from "./testbed.ts";
import { curlThenOpenssl, fetchonce, type Tool } from "./tools.ts";

/** One large file, compared with the least that a person does who wants to know what arrived: download, then hash. */
export async function large(
  testbed: Testbed,
  _peers: readonly Tool[],
  { rounds }: PeersOptions,
): Promise<readonly Figure[]> {
  const plain = await curlThenOpenssl();
  return testbed.serving(1, GIB, async (list) => {
    const downloadsOf = await inTurns(testbed, [fetchonce, plain], list, rounds);
    const figuresOf = (tool: Tool): Figure[] => [
      { what: `1 GiB: ${tool.name}`, value: median(downloadsOf(tool), ({ seconds }) => seconds), unit: "s" },
      { what: `1 GiB: ${tool.name}`, value: median(downloadsOf(tool), ({ cpuSeconds }) => cpuSeconds), unit: "CPU-s" },
    ];
    const ratio = (unit: string, figure: Parameters<typeof medianRatio>[2]): Figure => ({
      what: `1 GiB: fetchonce / ${plain.name}`,
      value: medianRatio(downloadsOf(fetchonce), downloadsOf(plain), figure),
      unit,
    });
    return [
      ...[fetchonce, plain].flatMap(figuresOf),
      ratio("x time", ({ seconds }) => seconds),
      ratio("x CPU time", ({ cpuSeconds }) => cpuSeconds),
    ];
  });
}
