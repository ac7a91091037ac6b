import type { Figure } from "../harness/measurement.ts";
import type { PeersOptions } from "./options.ts";
import { inTurns, median, medianRatio } from "./rounds.ts";
import type { Testbed } from "./testbed.ts";
import { fetchonce, type Tool } from "./tools.ts";

const BYTES = 10_000;

/** Many small files: each costs little, so what counts is what a tool does around it. */
export async function small(
  testbed: Testbed,
  peers: readonly Tool[],
  { smallFiles, rounds }: PeersOptions,
): Promise<readonly Figure[]> {
  return testbed.serving(smallFiles, BYTES, async (list) => {
    const downloadsOf = await inTurns(testbed, [fetchonce, ...peers], list, rounds);
    const figuresOf = (tool: Tool): Figure[] => {
      const downloads = downloadsOf(tool);
      const figure = (value: number, unit: string): Figure => ({
        what: `${smallFiles.toLocaleString("en-US")} files of 10 KB: ${tool.name}`,
        value,
        unit,
      });
      return [
        figure(
          median(downloads, ({ seconds }) => smallFiles / seconds, 0),
          "files/s",
        ),
        figure(
          median(downloads, ({ cpuSeconds }) => (1000 * cpuSeconds) / smallFiles),
          "CPU-ms a file",
        ),
        figure(
          median(downloads, ({ requests }) => requests / smallFiles),
          "requests a file",
        ),
      ];
    };
    const ratioTo = (peer: Tool): Figure => ({
      what: `${smallFiles.toLocaleString("en-US")} files of 10 KB: fetchonce / ${peer.name}`,
      value: medianRatio(downloadsOf(fetchonce), downloadsOf(peer), ({ seconds }) => 1 / seconds),
      unit: "x files/s",
    });
    return [...[fetchonce, ...peers].flatMap(figuresOf), ...peers.map(ratioTo)];
  });
}
