import { buildApp } from "./build.ts";
import { OFFERED } from "./environments/environments.ts";

/** The CDK's command line says this to the apps that it starts. Tests start this program themselves. */
const isForTheCommandLine = process.env["CDK_CLI_VERSION"] !== undefined;

try {
  const { app, fetchonce } = await buildApp();
  if (isForTheCommandLine && fetchonce.name === "local")
    throw new RangeError(
      `The environment "local" is made for tests, and cannot be deployed. Choose one of ${OFFERED.join(", ")}: -c env=prod`,
    );
  app.synth();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
