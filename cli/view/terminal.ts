import { MultiBar, type SingleBar } from "cli-progress";
import { isStored } from "../../local/run/outcome.ts";
import { endLine, fileLine, statusLine } from "./lines.ts";
import type { Output, View } from "./view.ts";
import { waitingText } from "./waits.ts";

const INDENT = 2;

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
  const below: SingleBar[] = [];
  const addLine = (): void => {
    below.push(bars.create(1, 0, { text: "" }, { format: "  {text}" }));
  };
  /** A line that wraps would leave its end behind when it is drawn again. 0 columns: the terminal does not say. */
  const fitting = (text: string): string => text.slice(0, (output.columns || Infinity) - INDENT);
  return {
    say: (line) => bars.log(`${line}\n`),
    ended: (result) => {
      if (!isStored(result)) bars.log(`${endLine(result)}\n`);
    },
    refresh: (snapshot) => {
      const lines = [waitingText(snapshot.waiting), ...snapshot.underWay.map(fileLine)].filter(Boolean);
      overall.setTotal(snapshot.total);
      overall.update(snapshot.done, { text: status(snapshot) });
      while (below.length < lines.length) addLine();
      for (const [index, line] of below.entries()) line.update({ text: fitting(lines[index] ?? "") });
    },
    close: (summary) => {
      bars.update();
      bars.stop();
      for (const line of summary) output.write(`${line}\n`);
    },
  };
}
