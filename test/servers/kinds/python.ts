import { programOf, type ServerKind } from "./kind.ts";

/** HTTP/1.0, and a connection for each request. Directories of the file system are all that it knows. */
export const python: ServerKind = {
  name: "Python's http.server",
  install: "apt-get install python3",
  program: programOf("python3"),
  configure: ({ root, port }) => ["-m", "http.server", String(port), "--bind", "127.0.0.1", "--directory", root],
  hasRanges: false,
  keepsConnections: false,
  compresses: false,
  encodingOfGz: undefined,
  limitsRate: false,
  refuses: false,
};
