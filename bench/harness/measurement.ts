export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The bound that the value must not exceed, if there is one. Timings have none. */
  readonly atMost?: number | undefined;
}

export interface Measured {
  readonly figures: readonly Figure[];
  readonly remarks: readonly string[];
}

export interface Measurement {
  readonly about: string;
  /** Registers everything that it starts with `scope`, which ends it. */
  readonly measure: (say: (line: string) => void, scope: AsyncDisposableStack) => Promise<Measured>;
  /**
   * A part of the measurement, or a smaller one, as command-line options say. Its result is not stored.
   * @throws UsageError if an option is not valid.
   */
  readonly part?: (options: readonly string[]) => Omit<Measurement, "part">;
}

/** The command line asks for something that there is not. */
export class UsageError extends Error {}

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

export const isOver = ({ value, atMost }: Figure): boolean => atMost !== undefined && value > atMost;

/** @throws RangeError if there are no values. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError("There is no median of nothing.");
  return (low + high) / 2;
}

/** Rounds to that many decimals, so that a result does not claim more precision than was measured. */
export const rounded = (value: number, decimals = 2): number => Number(value.toFixed(decimals));
