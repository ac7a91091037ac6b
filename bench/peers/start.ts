import { present } from "../../core/model/present.ts";
import type { Figure } from "../harness/measurement.ts";
import type { PeersOptions } from "./options.ts";
import { inTurns, median } from "./rounds.ts";
import type { Testbed } from "./testbed.ts";
import { fetchonce, fetchonceFromClone, type Tool } from "./tools.ts";

const BYTES = 10_000;

/** One small file: what it takes a tool to start and to end. */
export async function start(
  testbed: Testbed,
  peers: readonly Tool[],
  { rounds }: PeersOptions,
): Promise<readonly Figure[]> {
  const tools = [fetchonce, fetchonceFromClone, ...peers];
  return testbed.serving(1, BYTES, async (list) => {
    const downloadsOf = await inTurns(testbed, tools, list, rounds);
    return tools.flatMap((tool): Figure[] => [
      {
        what: `one file: ${tool.name}, start to the first answer`,
        value: median(downloadsOf(tool), ({ firstAnswerSeconds }) => present(firstAnswerSeconds, "the first answer")),
        unit: "s",
      },
      {
        what: `one file: ${tool.name}, start to end`,
        value: median(downloadsOf(tool), ({ seconds }) => seconds),
        unit: "s",
      },
    ]);
  });
}
