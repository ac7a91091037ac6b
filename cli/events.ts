import fs from "node:fs";
import { runEvents } from "./events/run.ts";

process.exitCode = await runEvents(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  open: (path) => fs.createReadStream(path),
});
