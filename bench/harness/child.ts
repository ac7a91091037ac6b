import { fork } from "node:child_process";
import { once } from "node:events";

/** One of our programs in a process of its own. It answers each message with one message. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The first message that it sent. It is ready then. */
  readonly greeting: unknown;
  ask(message: object): Promise<unknown>;
}

export async function startChild(
  program: URL,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<Child> {
  const child = fork(program, [], { env: { PATH: process.env["PATH"], ...environment } });
  const ended = once(child, "exit").then(([code, signal]: unknown[]): never => {
    throw new Error(`${program.pathname} ended by itself (${String(signal ?? code)}). Its output above says why.`);
  });
  ended.catch(() => undefined);
  const nextMessage = async (): Promise<unknown> => {
    const [message]: unknown[] = await Promise.race([once(child, "message"), ended]);
    return message;
  };
  const greeting = await nextMessage();
  return {
    pid: child.pid ?? 0,
    greeting,
    ask: async (message) => {
      const answered = nextMessage();
      child.send(message);
      return answered;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended.catch(() => undefined);
    },
  };
}
