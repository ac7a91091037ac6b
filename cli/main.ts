import { EXIT } from "./terminal/exit.ts";
import { keepCompiled } from "./terminal/compile-cache.ts";
import { keepHeapSmall } from "./terminal/small-heap.ts";
import { silenceSqliteWarning } from "./terminal/sqlite-warning.ts";

keepCompiled();
keepHeapSmall();
silenceSqliteWarning();
const { run } = await import("./run.ts");

/** How long an interrupted command may take to end by itself when it has nothing more to do. */
const LONGEST_END_MS = 500;
const interrupt = new AbortController();
const onSignal = (): void => {
  if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
  interrupt.abort();
};
process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onSignal);
// Nobody reads what is printed any more (`| head`, a closed terminal). The run goes on: its files are what counts.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const { stdin, stdout, stderr, env, argv } = process;
process.exitCode = await run(argv.slice(2), { stdin, stdout, stderr, env, signal: interrupt.signal });
stdin.destroy();
// `process.exit` would wait for a list that cannot be opened: a pipe into which nobody writes. Shells call this 130.
const endBySignal = (): unknown => process.removeAllListeners("SIGINT").kill(process.pid, "SIGINT");
if (interrupt.signal.aborted) setTimeout(endBySignal, LONGEST_END_MS).unref();
