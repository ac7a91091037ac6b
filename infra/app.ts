import { buildApp } from "./build.ts";

try {
  const { app } = await buildApp();
  app.synth();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
