import { installLambdaRuntime, installMinistack, installPython } from "./tools.ts";

/** Once, before the first test: two at a time would be in each other's way. */
export default async function install(): Promise<void> {
  await Promise.all([installPython(), installMinistack(), installLambdaRuntime()]);
}
