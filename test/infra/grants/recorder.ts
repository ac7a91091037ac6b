/** Records each command that a client of the AWS SDK sends, with the function that it is sent for. */
import { AsyncLocalStorage } from "node:async_hooks";
import { S3Client } from "@aws-sdk/client-s3";

export interface Call {
  readonly caller: string;
  /** `S3`, `DynamoDB`, ... */
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The HTTP status of a refusal, 0 if it had none; undefined if the call succeeded. */
  readonly refusedWith: number | undefined;
}

/** Where a function is killed: before the operation `before`, or before the first call after `after` succeeded. */
export interface Death {
  readonly before?: string;
  readonly after?: string;
}

export class DiedError extends Error {
  override readonly name = "DiedError";
}

interface Invocation {
  readonly caller: string;
  readonly death: Death | undefined;
  readonly died: PromiseWithResolvers<never>;
  isDying: boolean;
  isDead: boolean;
}

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: Readonly<Record<string, unknown>>;
}
interface Client {
  readonly config: { readonly serviceId: string };
  send: (this: Client, command: Command, ...options: readonly unknown[]) => Promise<unknown>;
}

const NEVER = new Promise<never>(() => undefined);
/** The prototype from which the clients of all services inherit `send`. */
const anyClient = Object.getPrototypeOf(S3Client.prototype) as Client;

export class Recorder implements Disposable {
  readonly calls: Call[] = [];
  readonly #invocations = new AsyncLocalStorage<Invocation>();
  readonly #send = anyClient.send;

  constructor() {
    const record = this.#record.bind(this);
    anyClient.send = async function send(this: Client, command, ...options) {
      return record(this, command, options);
    };
  }

  /** @throws DiedError when the function was killed; its later calls never settle, as in a killed process. */
  async as<T>(caller: string, run: () => Promise<T>, death?: Death): Promise<T> {
    const invocation: Invocation = {
      caller,
      death,
      died: Promise.withResolvers(),
      isDying: false,
      isDead: false,
    };
    return Promise.race([this.#invocations.run(invocation, run), invocation.died.promise]);
  }

  async #record(client: Client, command: Command, options: readonly unknown[]): Promise<unknown> {
    const invocation = this.#invocations.getStore();
    const send = async (): Promise<unknown> => Reflect.apply(this.#send, client, [command, ...options]);
    if (!invocation) return send();
    const { caller, death } = invocation;
    const operation = command.constructor.name.replace(/Command$/, "");
    if (invocation.isDying || death?.before === operation) die(invocation);
    if (invocation.isDead) return NEVER;
    const note = (refusedWith?: number): void => {
      this.calls.push({ caller, service: client.config.serviceId, operation, input: command.input, refusedWith });
    };
    try {
      const answer = await send();
      note();
      invocation.isDying ||= death?.after === operation;
      return answer;
    } catch (error) {
      note((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    anyClient.send = this.#send;
  }
}

function die(invocation: Invocation): void {
  if (invocation.isDead) return;
  invocation.isDead = true;
  invocation.died.reject(new DiedError(`${invocation.caller} was killed.`));
}
