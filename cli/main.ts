import { EXIT } from "./terminal/exit.ts";
import { run } from "./run.ts";

const interrupt = new AbortController();
const onSignal = (): void => {
  if (interrupt.signal.aborted) {
    process.stdout.write("\n");
    process.exit(EXIT.interrupted);
  }
  interrupt.abort();
};
process.on("SIGINT", onSignal).on("SIGTERM", onSignal);

const { stdin, stdout, stderr, env, argv } = process;
process.exitCode = await run(argv.slice(2), { stdin, stdout, stderr, env, signal: interrupt.signal });
stdin.destroy();
