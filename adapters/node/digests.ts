import { createHash } from "node:crypto";
import { createCRC32, createCRC64, createMD5, createSHA512 } from "hash-wasm";
import type { Algorithm, Digests, RunningDigests } from "../../core/ports/digests.ts";
import { Sha256 } from "./sha256.ts";

const CRC32C = 0x82_f6_3b_78;
const CRC64_NVME = "9a6c9329ac4bc9b5";

interface Hasher {
  init(): Hasher;
  load(state: Uint8Array): Hasher;
  save(): Uint8Array;
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

/**
 * A digest that hardly anybody announces any more, and whose own code would take 8 KB of the worker's bundle. Its state
 * cannot be saved: a large body with such a digest starts over after a crash.
 */
function unsavable(algorithm: string): Hasher {
  const hash = createHash(algorithm);
  const notSaved = (): never => {
    throw new TypeError(`The state of ${algorithm} cannot be restored.`);
  };
  const hasher: Hasher = {
    init: () => hasher,
    load: notSaved,
    save: () => new Uint8Array(),
    update: (bytes) => hash.update(bytes),
    digest: () => hash.digest("hex"),
  };
  return hasher;
}

/** node:crypto is four times as fast, but its state cannot be saved. These states can: SHA-256 in 116 bytes. */
const HASHERS: Readonly<Record<Algorithm, () => Promise<Hasher>>> = {
  sha256: async () => new Sha256(),
  sha512: createSHA512,
  sha1: async () => unsavable("sha1"),
  md5: createMD5,
  crc32: async () => createCRC32(),
  crc32c: async () => createCRC32(CRC32C),
  crc64nvme: async () => createCRC64(CRC64_NVME),
};

export const createHasher = async (algorithm: Algorithm): Promise<Hasher> => HASHERS[algorithm]();

type Hashers = readonly (readonly [Algorithm, Hasher])[];

/** The state of a single digest is its hasher's; of several, each has its name before it. */
const SEPARATOR = ",";
const NAME_END = ":";

const base64 = (hasher: Hasher): string => Buffer.from(hasher.save()).toString("base64");

const running = (hashers: Hashers): RunningDigests => ({
  update: (bytes) => {
    for (const [, hasher] of hashers) hasher.update(bytes);
  },
  save: () =>
    hashers.length === 1
      ? hashers.map(([, hasher]) => base64(hasher)).join("")
      : hashers.map(([algorithm, hasher]) => `${algorithm}${NAME_END}${base64(hasher)}`).join(SEPARATOR),
  digests: () => Object.fromEntries(hashers.map(([algorithm, hasher]) => [algorithm, hasher.digest("hex")])),
});

const hashersFor = async (algorithms: readonly Algorithm[]): Promise<Hashers> =>
  Promise.all(algorithms.map(async (algorithm) => [algorithm, await createHasher(algorithm)] as const));

/** The saved states, by algorithm; undefined if one is missing. */
function statesIn(algorithms: readonly Algorithm[], text: string): ReadonlyMap<string, string> | undefined {
  if (algorithms.length === 1) return new Map(algorithms.map((algorithm) => [algorithm, text]));
  const states = new Map(
    text.split(SEPARATOR).map((entry) => {
      const [name = "", state = ""] = entry.split(NAME_END);
      return [name, state];
    }),
  );
  return algorithms.every((algorithm) => states.has(algorithm)) ? states : undefined;
}

export const wasmDigests: Digests = {
  create: async (algorithms) =>
    running((await hashersFor(algorithms)).map(([algorithm, hasher]) => [algorithm, hasher.init()])),
  async restore(algorithms, text) {
    const states = statesIn(algorithms, text);
    if (!states) return undefined;
    try {
      const hashers = await hashersFor(algorithms);
      return running(
        hashers.map(([algorithm, hasher]) => [
          algorithm,
          hasher.load(Buffer.from(states.get(algorithm) ?? "", "base64")),
        ]),
      );
    } catch {
      // `load` throws if another version of the library saved the state, or if it is not a state.
      return undefined;
    }
  },
};
