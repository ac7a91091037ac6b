import { installLambdaRuntime, installMinistack, installPython, installReaders } from "./tools.ts";

/** Runs once before the first test, because two test files installing at the same time would conflict. */
export default async function install(): Promise<void> {
  await Promise.all([installPython(), installMinistack(), installReaders(), installLambdaRuntime()]);
}
