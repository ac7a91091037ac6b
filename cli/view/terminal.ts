import { MultiBar, type SingleBar } from "cli-progress";
import { isStored } from "../../local/run/outcome.ts";
import { formatBytes } from "../../local/shared/words.ts";
import { endLine, statusLine } from "./lines.ts";
import type { LabelledFile, Output, View } from "./view.ts";

const MOST_FILES_SHOWN = 6;

/** Progress bars that move. */
export function terminalView(output: Output, total: number): View {
  const bars = new MultiBar({
    stream: output,
    clearOnComplete: true,
    forceRedraw: true,
    gracefulExit: false,
    // null leaves the terminal's settings unchanged, so that nothing needs to be restored, not even after a crash.
    hideCursor: null,
    linewrap: null,
    barsize: 24,
  });
  const status = statusLine();
  const overall = bars.create(total, 0, { text: "" }, { format: "[{bar}] {text}" });
  const files: SingleBar[] = [];
  const addFileLine = (): void => {
    files.push(bars.create(1, 0, { text: "" }, { format: "  {text}" }));
  };
  return {
    say: (line) => bars.log(`${line}\n`),
    ended: (result) => {
      if (!isStored(result)) bars.log(`${endLine(result)}\n`);
    },
    refresh: (snapshot) => {
      overall.setTotal(snapshot.total);
      overall.update(snapshot.done, { text: status(snapshot) });
      const shown = snapshot.underWay.slice(0, MOST_FILES_SHOWN);
      while (files.length < shown.length) addFileLine();
      for (const [index, line] of files.entries()) line.update({ text: fileLine(shown[index]) });
    },
    close: (summary) => {
      bars.update();
      bars.stop();
      for (const line of summary) output.write(`${line}\n`);
    },
  };
}

const fileLine = (file: LabelledFile | undefined): string =>
  file ? `${formatBytes(file.bytes).padStart(10)}  ${file.label}` : "";
