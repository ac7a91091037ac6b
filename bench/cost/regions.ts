/** Prices of other regions, as far as they differ from those of us-east-1. */
import { sumOf, usdFor, type Bill } from "./bill.ts";
import { PRICES, REMEMBERED, type Meter } from "./prices.ts";

const PRICE_LIST_2026_09 = "AWS's Price List of 2026-09-26, quoted in a public repository";
const PRICE_LIST_2026_07 = "AWS's Price List of 2026-07-01, quoted in a public repository";
const PRICE_LIST_TEST = "a public repository's test of AWS's Price List, undated";
const HALVED = "half of $1.4135, an undated price in a public repository: DynamoDB's was halved in 2024-11";
const PRICE_BOOK = "a CloudHealth price book in a public repository, 2026-03";
const README = "a public repository's README, undated, after 2024-11";

type Regional = Readonly<Partial<Record<Meter, readonly [usd: number, readIn: string]>>>;

/** For as many units as the price in us-east-1. What is not named costs what it costs there, as far as we remember. */
export const REGIONS: Readonly<Record<string, Regional>> = {
  "us-east-1": {},
  "us-west-2": {},
  "eu-west-1": {
    writeUnits: [0.70675, HALVED],
    readUnits: [0.1415, REMEMBERED],
    tableGbMonths: [0.283, REMEMBERED],
    logGb: [0.57, REMEMBERED],
  },
  "eu-central-1": {
    writeUnits: [0.7625, README],
    readUnits: [0.1525, README],
    tableGbMonths: [0.306, REMEMBERED],
    s3Puts: [5.4, REMEMBERED],
    s3Gets: [0.43, REMEMBERED],
    s3GbMonths: [0.0245, REMEMBERED],
    logGb: [0.63, PRICE_BOOK],
    logGbMonths: [0.0324, REMEMBERED],
  },
  "ap-northeast-1": {
    writeUnits: [0.715, PRICE_LIST_TEST],
    readUnits: [0.1425, PRICE_LIST_TEST],
    tableGbMonths: [0.285, PRICE_LIST_TEST],
    s3Puts: [4.7, PRICE_LIST_TEST],
    s3Gets: [0.37, PRICE_LIST_TEST],
    s3GbMonths: [0.025, PRICE_LIST_2026_07],
    logGb: [0.76, PRICE_LIST_2026_07],
    logGbMonths: [0.033, PRICE_LIST_2026_07],
    transferOutGb: [0.114, REMEMBERED],
  },
  "sa-east-1": {
    writeUnits: [0.9375, REMEMBERED],
    readUnits: [0.1875, REMEMBERED],
    tableGbMonths: [0.375, REMEMBERED],
    s3Puts: [7, PRICE_LIST_2026_09],
    s3Gets: [0.56, PRICE_LIST_2026_09],
    s3GbMonths: [0.0405, PRICE_LIST_2026_09],
    logGb: [0.9, REMEMBERED],
    logGbMonths: [0.0408, REMEMBERED],
    transferOutGb: [0.15, REMEMBERED],
  },
};

export const priceIn = (region: string, meter: Meter): number => REGIONS[region]?.[meter]?.[0] ?? PRICES[meter].usd;

export const usdIn = (region: string, bill: Bill, meters: readonly Meter[]): number =>
  meters.reduce((sum, meter) => sum + (usdFor(bill, meter) * priceIn(region, meter)) / PRICES[meter].usd, 0);

export const totalUsdIn = (region: string, bill: Bill): number =>
  usdIn(region, bill, Object.keys(sumOf(bill)) as Meter[]);
