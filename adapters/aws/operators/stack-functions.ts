/** The functions of a deployment, by the outputs of the stack that works on its data. */
import { FUNCTION_OUTPUTS, FUNCTION_ROLES, type FunctionRole } from "./function-roles.ts";
import { createCloudFormation, outputsOf, PIPELINE, regionOf, stackIfAny, WrongStackError } from "./stack-outputs.ts";

/** What each function is called. Not every deployment has every function. */
export type FunctionNames = ReadonlyMap<FunctionRole, string>;

/**
 * @param written the data stack, as `--stack` names it.
 * @param elsewhere the stack with the functions, if it is neither that one nor called like it with `-pipeline`.
 * @throws WrongStackError if no such stack has them; StackError if a stack cannot be read.
 */
export async function stackFunctions(
  written: string,
  elsewhere?: string,
  client = createCloudFormation(),
): Promise<FunctionNames> {
  const [name = "", id = ""] = written.split("/", 2);
  const region = await regionOf(client);
  const candidates = elsewhere === undefined ? [name, name + PIPELINE.suffix] : [elsewhere];
  for (const candidate of candidates) {
    const stack = await stackIfAny(candidate, client, region);
    const found = stack && functionsIn(outputsOf(stack), id);
    if (found) return found;
  }
  throw new WrongStackError(
    `The functions of ${written} are in no stack ${candidates.join(" or ")} of the region ${region}. ` +
      "Name the stack that has the output WorkerFunctionName with --pipeline. If it holds several deployments, name " +
      "the one with --stack NAME/ID.",
  );
}

/** The outputs of a deployment begin with its id. One that is alone in its stack need not be named. */
function functionsIn(outputs: ReadonlyMap<string, string>, id: string): FunctionNames | undefined {
  const ids = [...outputs.keys()]
    .filter((key) => key.endsWith(FUNCTION_OUTPUTS.worker) && !key.endsWith(FUNCTION_OUTPUTS["long-worker"]))
    .map((key) => key.slice(0, -FUNCTION_OUTPUTS.worker.length));
  const [only, ...others] = ids;
  const prefix = ids.includes(id) ? id : others.length === 0 && id === "" ? only : undefined;
  if (prefix === undefined) return undefined;
  return new Map(
    FUNCTION_ROLES.flatMap((role) => {
      const functionName = outputs.get(prefix + FUNCTION_OUTPUTS[role]);
      return functionName === undefined ? [] : [[role, functionName] as const];
    }),
  );
}
