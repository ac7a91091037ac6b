/** One origin for all cases: it routes each request by its path to the behaviour of the case that has this name. */
import { present } from "../../../core/model/present.ts";
import { startRawOrigin, type RawOrigin } from "../../raw-origin.ts";
import type { Asked } from "./answers/answer.ts";
import { Reply } from "./answers/reply.ts";
import type { HostileCase } from "./case.ts";

/** What came in for one case. */
export class Visits {
  readonly heads: string[] = [];
  readonly #counts = new Map<string, number>();

  /** @returns how many requests with this method have come, this one included. */
  add(method: string, head: string): number {
    this.heads.push(head);
    const nth = this.of(method) + 1;
    this.#counts.set(method, nth);
    return nth;
  }

  of(method: string): number {
    return this.#counts.get(method) ?? 0;
  }
}

export class HostileOrigin implements AsyncDisposable {
  /** Requests for paths that belong to no case. */
  readonly strays: string[] = [];
  readonly #cases: ReadonlyMap<string, HostileCase>;
  readonly #visits = new Map<string, Visits>();
  readonly #end = new AsyncDisposableStack();
  readonly #servers: RawOrigin[] = [];
  readonly #homes = new Map<string, string>();

  static async start(cases: readonly HostileCase[]): Promise<HostileOrigin> {
    const origin = new HostileOrigin(cases);
    const shared = await origin.#listen();
    for (const each of cases) origin.#homes.set(each.name, isAlone(each) ? await origin.#listen() : shared);
    return origin;
  }

  private constructor(cases: readonly HostileCase[]) {
    this.#cases = new Map(cases.map((each) => [each.name, each]));
  }

  /** The case's URL, as the list spells it. */
  urlOf({ name, path, spelled }: HostileCase): string {
    const home = present(this.#homes.get(name), `the address of ${name}`);
    return spelled(`${home}/${name}/${path}`);
  }

  visits(name: string): Visits {
    const known = this.#visits.get(name) ?? new Visits();
    this.#visits.set(name, known);
    return known;
  }

  get openSockets(): number {
    return this.#servers.reduce((sum, { open }) => sum + open.size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end.disposeAsync();
  }

  async #listen(): Promise<string> {
    const server: RawOrigin = await startRawOrigin((socket, head) => {
      const asked = parsed(head, server.url);
      const found = this.#cases.get(asked.name);
      const reply = new Reply(socket, asked.method);
      if (!found) {
        this.strays.push(head);
        reply.send("HTTP/1.1 404 No Such Case\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      const nth = this.visits(found.name).add(asked.method, head);
      found.answer({ ...asked, nth }, reply);
    });
    this.#servers.push(server);
    this.#end.use(server);
    return server.url;
  }
}

/**
 * A request that meets a connection which another case has closed may be counted here and sent again, so requests and
 * attempts are exact only for a case that has an address of its own.
 */
const isAlone = ({ alone, mostGets, result }: HostileCase): boolean =>
  alone || Number.isFinite(mostGets) || "attempts" in result;

function parsed(head: string, home: string): Omit<Asked, "nth"> {
  const [line = "", ...fields] = head.split("\r\n");
  const [method = "", target = ""] = line.split(" ");
  const [, name = "", rest = ""] = /^\/([\w.-]*)\/?(.*)$/.exec(target) ?? [];
  const headers = new Map(
    fields.map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
    }),
  );
  return { method, target, name, rest, headers, home };
}
