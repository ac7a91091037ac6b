import { EXIT } from "./terminal/exit.ts";
import { keepCompiled } from "./terminal/compile-cache.ts";
import { silenceSqliteWarning } from "./terminal/sqlite-warning.ts";

keepCompiled();
silenceSqliteWarning();
const { run } = await import("./run.ts");

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
