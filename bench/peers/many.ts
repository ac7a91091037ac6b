import { present } from "../../core/model/present.ts";
import { MIB, medianOf, rounded, type Figure } from "../harness/measurement.ts";
import type { PeersOptions } from "./options.ts";
import { median } from "./rounds.ts";
import type { Download, Testbed } from "./testbed.ts";
import { fetchonce, type Tool } from "./tools.ts";

const BYTES = 1000;
const FEWER = 100;
const GREATEST_PARENT_MIB = 200;

interface Round {
  readonly one: Download;
  readonly few: Download;
  readonly many: Download;
  readonly again: Download;
}

/** Whether fetchonce costs more a job, and how much memory, when a list is a hundred times longer; and its rerun. */
export async function many(
  testbed: Testbed,
  _peers: readonly Tool[],
  { manyFiles, rounds: howMany }: PeersOptions,
): Promise<readonly Figure[]> {
  const fewFiles = Math.max(2, Math.round(manyFiles / FEWER));
  return testbed.serving(manyFiles, BYTES, async (list) => {
    const one = await testbed.list("one", list.files.slice(0, 1));
    const few = await testbed.list("few", list.files.slice(0, fewFiles));
    const rounds: Round[] = [];
    while (rounds.length < howMany) {
      const downloads = { one: await testbed.download(fetchonce, one), few: await testbed.download(fetchonce, few) };
      const { first, again } = await testbed.downloadTwice(fetchonce, list);
      rounds.push({ ...downloads, many: first, again });
    }
    return figuresOf(rounds, manyFiles, fewFiles);
  });
}

function figuresOf(rounds: readonly Round[], manyFiles: number, fewFiles: number): readonly Figure[] {
  const shown = `${manyFiles.toLocaleString("en-US")} files of 1 KB`;
  const shownFew = fewFiles.toLocaleString("en-US");
  const manyDownloads = rounds.map((round) => round.many);
  const again = rounds.map((round) => round.again);
  const cpuMsOfFew = (round: Round): number => (1000 * round.few.cpuSeconds) / fewFiles;
  const cpuMsOfMany = (round: Round): number => (1000 * round.many.cpuSeconds) / manyFiles;
  /** The CPU time of each further job: what starting takes is in the run of one file. */
  const further = (of: Download, { one }: Round, jobs: number): number => (of.cpuSeconds - one.cpuSeconds) / (jobs - 1);
  return [
    {
      what: `${shown}: fetchonce`,
      value: median(manyDownloads, ({ seconds }) => manyFiles / seconds, 0),
      unit: "files/s",
    },
    { what: `${shownFew} of them: a job`, value: rounded(medianOf(rounds.map(cpuMsOfFew))), unit: "CPU-ms" },
    { what: `${shown}: a job`, value: rounded(medianOf(rounds.map(cpuMsOfMany))), unit: "CPU-ms" },
    {
      what: `${shown}: a job / a job of ${shownFew}`,
      value: rounded(medianOf(rounds.map((round) => cpuMsOfMany(round) / cpuMsOfFew(round)))),
      unit: "x CPU time",
    },
    {
      what: `${shown}: a job / a job of ${shownFew}, start not counted`,
      value: rounded(
        medianOf(rounds.map((round) => further(round.many, round, manyFiles) / further(round.few, round, fewFiles))),
      ),
      unit: "x CPU time",
    },
    {
      what: `${shown}: peak memory of the parent process`,
      value: rounded(Math.max(...manyDownloads.map(({ peakBytes }) => peakBytes)) / MIB, 0),
      unit: "MiB",
      atMost: GREATEST_PARENT_MIB,
    },
    {
      what: `${shown}: start to the first answer`,
      value: median(manyDownloads, ({ firstAnswerSeconds }) => present(firstAnswerSeconds, "the first answer")),
      unit: "s",
    },
    { what: `${shown}, all done: rerun`, value: median(again, ({ seconds }) => seconds), unit: "s" },
    {
      what: `${shown}, all done: rerun`,
      value: Math.max(...again.map(({ requests }) => requests)),
      unit: "requests",
      atMost: 0,
    },
    {
      what: `${shown}, all done: peak memory of the rerun's parent process`,
      value: rounded(Math.max(...again.map(({ peakBytes }) => peakBytes)) / MIB, 0),
      unit: "MiB",
      atMost: GREATEST_PARENT_MIB,
    },
  ];
}
