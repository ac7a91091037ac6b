import { MultiBar, type SingleBar } from "cli-progress";
import { isStored } from "../../local/run/outcome.ts";
import { endLine, fileLine, statusLine } from "./lines.ts";
import type { Output, View } from "./view.ts";

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
      const { underWay } = snapshot;
      overall.setTotal(snapshot.total);
      overall.update(snapshot.done, { text: status(snapshot) });
      while (files.length < underWay.length) addFileLine();
      for (const [index, line] of files.entries()) {
        const file = underWay[index];
        line.update({ text: file ? fileLine(file) : "" });
      }
    },
    close: (summary) => {
      bars.update();
      bars.stop();
      for (const line of summary) output.write(`${line}\n`);
    },
  };
}
