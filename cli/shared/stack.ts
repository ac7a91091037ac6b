/** How commands name the deployment that they work on. */
import { Option } from "commander";
import type { FunctionNames } from "../../adapters/aws/operators/stack-functions.ts";
import type { StackAddresses } from "../../adapters/aws/operators/stack-outputs.ts";
import { UsageError } from "../terminal/usage-error.ts";

/** `--stack NAME`, from which a command has all addresses of a deployment. */
export const stackOption = (): Option =>
  new Option("--stack <NAME>", "name of the deployment's data stack, such as fetchonce-prod");

/** The addresses of a deployment, by the name of its data stack. */
export type AddressesOf = (stack: string) => Promise<StackAddresses>;

/**
 * Asks CloudFormation. The SDK is loaded by the first call.
 * @throws UsageError if another stack must be named; StackError if the stack cannot be read, or is of another release.
 */
export const stackAddresses: AddressesOf = async (stack) => {
  const { stackAddresses: ask } = await import("../../adapters/aws/operators/stack-outputs.ts");
  return askedFor(async () => ask(stack));
};

/** What the functions of a deployment are called. Otherwise as `stackAddresses`. */
export async function stackFunctions(stack: string, pipeline: string | undefined): Promise<FunctionNames> {
  const { stackFunctions: ask } = await import("../../adapters/aws/operators/stack-functions.ts");
  return askedFor(async () => ask(stack, pipeline));
}

async function askedFor<Found>(ask: () => Promise<Found>): Promise<Found> {
  try {
    return await ask();
  } catch (error) {
    const { WrongStackError } = await import("../../adapters/aws/operators/stack-outputs.ts");
    if (!(error instanceof WrongStackError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

/** What to write if no deployment is named. */
export const NAME_IT = "Name the deployment by its data stack, such as --stack fetchonce-prod";

/** A deployment by its stack, or a table by its name. */
export type Place = { readonly stack: string } | { readonly table: string };

/** @throws UsageError if neither is named. */
export function placeOf({ stack, table }: { readonly stack?: string; readonly table?: string }): Place {
  if (stack !== undefined) return { stack };
  if (table !== undefined) return { table };
  throw new UsageError(`${NAME_IT}. In its place: --table.`);
}

export const tableAt = async (place: Place, addressesOf: AddressesOf): Promise<string> =>
  "table" in place ? place.table : (await addressesOf(place.stack)).table;
