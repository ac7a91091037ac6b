import { DocumentBusyError, RefusalError } from "../../core/document/change-document.ts";

/** Adds the table's name to errors of AWS or the network, which do not contain it. */
export async function toldBy<T>(
  { called, table }: { readonly called: string; readonly table: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ([RefusalError, DocumentBusyError, TypeError].some((known) => error instanceof known)) throw error;
    throw new Error(
      `${called} in the table ${table} cannot be reached: ${String(error)}. ` +
        "Check the table's name (the stack's output TableName), the region and the credentials. Then check the status.",
      { cause: error },
    );
  }
}
