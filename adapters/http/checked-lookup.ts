import dns, { type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

/** A name leads to addresses, and to none that may be used. */
export class RefusedAddressError extends Error {
  override readonly name = "RefusedAddressError";

  constructor(hostname: string, addresses: readonly LookupAddress[]) {
    super(`${hostname} leads to ${addresses.map(({ address }) => address).join(", ")}`);
  }
}

type OnAddresses = (error: Error | null, addresses: readonly LookupAddress[]) => void;
export type Resolve = (hostname: string, options: { readonly all: true }, callback: OnAddresses) => void;

/** Answers are used for so long: the requests of a job, and of those beside it, then ask once. */
const KEPT_MS = 10_000;
const MOST_KEPT = 1_000;

interface Answer {
  readonly untilMs: number;
  /** Undefined until it has come. */
  addresses?: readonly LookupAddress[];
  readonly waiting: OnAddresses[];
}

/** Resolves names. What comes back is what the socket connects to, so nobody can change it after the check. */
export class CheckedLookup {
  readonly #resolve: Resolve;
  readonly #nowMs: () => number;
  readonly #answers = new Map<string, Answer>();
  /** By name: the address that answered after another one had not. */
  readonly #living = new Map<string, string>();

  constructor(resolve: Resolve = dns.lookup, nowMs: () => number = () => performance.now()) {
    this.#resolve = resolve;
    this.#nowMs = nowMs;
  }

  /** For `net.connect`. Of a name's addresses it gives those that are accepted. */
  accepting(accepts: (address: string) => boolean): LookupFunction {
    return (hostname, { all }, callback) => {
      this.#ask(hostname, (error, addresses) => {
        const accepted = this.#livingFirst(hostname, addresses).filter(({ address }) => accepts(address));
        const [first] = accepted;
        if (error) callback(error, "");
        else if (!first) callback(new RefusedAddressError(hostname, addresses), "");
        else if (all === true) callback(null, accepted);
        else callback(null, first.address, first.family);
      });
    };
  }

  /** From now on, the address is tried before the name's others. */
  answered(hostname: string, address: string): void {
    keep(this.#living, hostname, address);
  }

  #livingFirst(hostname: string, addresses: readonly LookupAddress[]): readonly LookupAddress[] {
    const living = this.#living.get(hostname);
    if (living === undefined) return addresses;
    return addresses.toSorted((a, b) => Number(b.address === living) - Number(a.address === living));
  }

  #ask(hostname: string, onAddresses: OnAddresses): void {
    const known = this.#answers.get(hostname);
    const isFresh = known !== undefined && known.untilMs > this.#nowMs();
    if (isFresh && known.addresses) process.nextTick(onAddresses, null, known.addresses);
    else if (isFresh) known.waiting.push(onAddresses);
    else this.#askAnew(hostname, onAddresses);
  }

  #askAnew(hostname: string, onAddresses: OnAddresses): void {
    const answer: Answer = { untilMs: this.#nowMs() + KEPT_MS, waiting: [onAddresses] };
    keep(this.#answers, hostname, answer);
    this.#resolve(hostname, { all: true }, (error, found) => {
      // A name that could not be resolved is asked for again.
      if (!error) answer.addresses = found;
      else if (this.#answers.get(hostname) === answer) this.#answers.delete(hostname);
      for (const each of answer.waiting.splice(0)) each(error, error ? [] : found);
    });
  }
}

/** Forgets the oldest if there are too many. */
function keep<Value>(map: Map<string, Value>, hostname: string, value: Value): void {
  map.delete(hostname);
  map.set(hostname, value);
  const [oldest] = map.keys();
  if (map.size > MOST_KEPT && oldest !== undefined) map.delete(oldest);
}
