/**
 * SHA-256's compression function (FIPS 180-4, 6.2) as WebAssembly, written out round by round: 2.7 CPU-s a GiB, where
 * hash-wasm's compiled loop takes 3.6. The words of the schedule and the state live in local variables.
 */
const ROUNDS = 64;
const WORDS = 16;
const STATE_WORDS = 8;
/** Of a page of WebAssembly's memory, in bytes. */
const PAGE_BYTES = 65_536;
/** Below it lies the state. */
const INPUT_AT = 64;
/** In bytes, whole blocks. */
const INPUT_BYTES = PAGE_BYTES;

const I32 = 0x7f;
const EMPTY = 0x40;
const [LOOP, END, BR_IF] = [0x03, 0x0b, 0x0d];
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE, LOAD, STORE, CONST] = [0x20, 0x21, 0x22, 0x28, 0x36, 0x41];
const [LESS, ADD, AND, OR, XOR, SHIFT_RIGHT, ROTATE_LEFT, ROTATE_RIGHT] = [
  0x49, 0x6a, 0x71, 0x72, 0x73, 0x76, 0x77, 0x78,
];
const [TYPES, FUNCTIONS, MEMORIES, EXPORTS, CODE] = [1, 3, 5, 7, 10];

type Bytes = readonly number[];

const join = (...parts: readonly (number | Bytes)[]): Bytes => parts.flat();

/** LEB128, the format's numbers of variable length. */
function unsigned(value: number): Bytes {
  const low = value & 0x7f;
  const rest = value >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)];
}
function signed(value: number): Bytes {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isSign = rest === ((low & 0x40) === 0 ? 0 : -1);
  return isSign ? [low] : [low | 0x80, ...signed(rest)];
}
const text = (characters: string): Bytes => join(unsigned(characters.length), [...Buffer.from(characters)]);
const list = (...entries: readonly Bytes[]): Bytes => join(unsigned(entries.length), entries.flat());
const sized = (bytes: Bytes): Bytes => join(unsigned(bytes.length), bytes);
const section = (id: number, bytes: Bytes): Bytes => join(id, sized(bytes));

const get = (local: number): Bytes => join(LOCAL_GET, unsigned(local));
const set = (local: number): Bytes => join(LOCAL_SET, unsigned(local));
const tee = (local: number): Bytes => join(LOCAL_TEE, unsigned(local));
const constant = (value: number): Bytes => join(CONST, signed(value));
const rotated = (local: number, by: number): Bytes => join(get(local), constant(by), ROTATE_RIGHT);
const load = (offset: number): Bytes => join(LOAD, 0, unsigned(offset));
const store = (offset: number): Bytes => join(STORE, 0, unsigned(offset));

const PRIMES: number[] = [];
for (let number = 2; PRIMES.length < ROUNDS; number++)
  if (PRIMES.every((prime) => number % prime !== 0)) PRIMES.push(number);
/** The first 32 bits of the fraction. */
const fraction = (value: number): number => Math.floor((value % 1) * 2 ** 32) | 0;

/** FIPS 180-4, 5.3.3. */
export const FIRST_STATE: readonly number[] = PRIMES.slice(0, STATE_WORDS).map((prime) => fraction(Math.sqrt(prime)));
/** FIPS 180-4, 4.2.2. */
const ROUND_CONSTANTS = PRIMES.map((prime) => fraction(Math.cbrt(prime)));

const PLACE = 0;
const PLACE_END = 1;
const STATE = 2;
const SCHEDULE = STATE + STATE_WORDS;
const SCRATCH = SCHEDULE + WORDS;
/** The exclusive or of the round's b and c, which the round before has as that of a and b. */
const LAST_CHANGE = SCRATCH + 1;
const LOCALS = LAST_CHANGE + 1 - STATE;

const scheduled = (round: number, before = 0): number => SCHEDULE + ((round - before + ROUNDS) % WORDS);

/** The input is big-endian, and WebAssembly is not. */
const inputWord = (index: number): Bytes =>
  join(
    join(get(PLACE), load(4 * index), tee(SCRATCH), constant(8), ROTATE_LEFT, constant(0xff_00ff), AND),
    join(get(SCRATCH), constant(24), ROTATE_LEFT, constant(0xff00_ff00 | 0), AND, OR, set(SCHEDULE + index)),
  );

const smallSigma = (local: number, first: number, second: number, shift: number): Bytes =>
  join(rotated(local, first), rotated(local, second), XOR, get(local), constant(shift), SHIFT_RIGHT, XOR);

const nextWord = (round: number): Bytes =>
  join(
    join(get(scheduled(round)), get(scheduled(round, 7)), ADD, smallSigma(scheduled(round, 15), 7, 18, 3), ADD),
    join(smallSigma(scheduled(round, 2), 17, 19, 10), ADD, set(scheduled(round))),
  );

/** Three rotations of the same word, exclusive or: by the last one, the last two and all three together. */
const bigSigma = (local: number, first: number, second: number, third: number): Bytes =>
  join(
    join(rotated(local, first), get(local), XOR, constant(second), ROTATE_RIGHT),
    join(get(local), XOR, constant(third), ROTATE_RIGHT),
  );

function roundOf(round: number): Bytes {
  const place = (index: number): number => STATE + ((index - round + ROUNDS) % STATE_WORDS);
  const [a, b, d, e, f, g, h] = [place(0), place(1), place(3), place(4), place(5), place(6), place(7)];
  const choice = join(get(f), get(g), XOR, get(e), AND, get(g), XOR);
  const majority = join(get(a), get(b), XOR, tee(SCRATCH), get(LAST_CHANGE), AND, get(b), XOR);
  return join(
    round < WORDS ? [] : nextWord(round),
    join(get(h), get(scheduled(round)), ADD, constant(ROUND_CONSTANTS[round] ?? 0), ADD),
    join(choice, ADD, bigSigma(e, 14, 5, 6), ADD, tee(h), get(d), ADD, set(d)),
    join(get(h), bigSigma(a, 9, 11, 2), ADD, majority, ADD, set(h), get(SCRATCH), set(LAST_CHANGE)),
  );
}

const upTo = (count: number, make: (index: number) => Bytes): Bytes =>
  Array.from({ length: count }, (_, index) => make(index)).flat();

function moduleBytes(): Uint8Array {
  const code = join(
    upTo(STATE_WORDS, (index) => join(constant(0), load(4 * index), set(STATE + index))),
    join(LOOP, EMPTY, upTo(WORDS, inputWord), get(STATE + 1), get(STATE + 2), XOR, set(LAST_CHANGE)),
    upTo(ROUNDS, roundOf),
    upTo(STATE_WORDS, (index) => {
      const sum = join(load(4 * index), get(STATE + index), ADD, tee(STATE + index));
      return join(constant(0), constant(0), sum, store(4 * index));
    }),
    join(get(PLACE), constant(4 * WORDS), ADD, tee(PLACE), get(PLACE_END), LESS, BR_IF, 0, END, END),
  );
  const types = list(join(0x60, list([I32], [I32]), list()));
  const exports = list(join(text("memory"), 2, 0), join(text("blocks"), 0, 0));
  const body = sized(join(list(join(unsigned(LOCALS), I32)), code));
  return Uint8Array.from(
    join(
      join(0, [...Buffer.from("asm")], 1, 0, 0, 0, section(TYPES, types), section(FUNCTIONS, list([0]))),
      join(section(MEMORIES, list([0, 2])), section(EXPORTS, exports), section(CODE, list(body))),
    ),
  );
}

/** The types of Node lack it. */
interface WebAssemblyOfNode {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}

interface Compression {
  readonly state: Int32Array;
  readonly input: Uint8Array;
  readonly blocks: (from: number, to: number) => void;
}

function compiled(): Compression {
  const { Instance, Module } = (globalThis as unknown as { WebAssembly: WebAssemblyOfNode }).WebAssembly;
  const { blocks, memory } = new Instance(new Module(moduleBytes())).exports as {
    readonly blocks: Compression["blocks"];
    readonly memory: { readonly buffer: ArrayBuffer };
  };
  const input = new Uint8Array(memory.buffer, INPUT_AT, INPUT_BYTES);
  return { state: new Int32Array(memory.buffer, 0, STATE_WORDS), input, blocks };
}

let compression: Compression | undefined;

/** Changes the state by whole blocks of 64 bytes. */
export function compress(state: Int32Array, blocks: Uint8Array): void {
  const { blocks: run, input, state: working } = (compression ??= compiled());
  working.set(state);
  for (let at = 0; at < blocks.length; at += INPUT_BYTES) {
    const piece = blocks.subarray(at, at + INPUT_BYTES);
    input.set(piece);
    run(INPUT_AT, INPUT_AT + piece.length);
  }
  state.set(working);
}
