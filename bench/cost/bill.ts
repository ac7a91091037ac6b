import { PRICES, type Meter } from "./prices.ts";

/** Usage by meter, in the units that the meter's price is for. */
export type Bill = Readonly<Partial<Record<Meter, number>>>;

const METERS = Object.keys(PRICES) as readonly Meter[];

export const metersOf = (bill: Bill): readonly Meter[] => METERS.filter((meter) => (bill[meter] ?? 0) > 0);

export function usdFor(bill: Bill, meter: Meter): number {
  const { usd, per } = PRICES[meter];
  return ((bill[meter] ?? 0) * usd) / per;
}

export const totalUsd = (bill: Bill): number => METERS.reduce((sum, meter) => sum + usdFor(bill, meter), 0);

export const times = (bill: Bill, factor: number): Bill =>
  Object.fromEntries(metersOf(bill).map((meter) => [meter, (bill[meter] ?? 0) * factor]));

export const sumOf = (...bills: readonly Bill[]): Bill =>
  Object.fromEntries(
    METERS.map((meter) => [meter, bills.reduce((sum, bill) => sum + (bill[meter] ?? 0), 0)] as const).filter(
      ([, amount]) => amount > 0,
    ),
  );
