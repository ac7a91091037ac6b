import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programOf, SLOW_KIB_A_SECOND, type ServerKind } from "./kind.ts";

const MODULES = "/usr/lib/apache2/modules";
const LOADED = ["mpm_event", "authz_core", "dir", "mime", "env", "filter", "deflate", "ratelimit"];

export const apache: ServerKind = {
  name: "Apache httpd",
  install: "apt-get install apache2-bin",
  program: existsSync(MODULES) ? programOf("apache2") : undefined,
  configure({ root, folder, port }) {
    const path = join(folder, "apache.conf");
    writeFileSync(
      path,
      `ServerRoot "${folder}"
       DefaultRuntimeDir "${folder}"
       PidFile "${join(folder, "apache.pid")}"
       ErrorLog "${join(folder, "error.log")}"
       ServerName 127.0.0.1
       Listen 127.0.0.1:${port}
       ${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")}
       # The superuser's server gives its rights away: to nobody.
       User "#65534"
       Group "#65534"
       DocumentRoot "${root}"
       TypesConfig /dev/null
       AddType text/html .html
       AddType text/plain .txt
       AddType text/csv .csv
       AddType application/x-gzip .gz
       DirectoryIndex index.html
       AddOutputFilterByType DEFLATE text/plain text/html text/csv
       <Location "/forbidden/">
         Require all denied
       </Location>
       <Location "/slow/">
         SetOutputFilter RATE_LIMIT
         SetEnv rate-limit ${SLOW_KIB_A_SECOND}
       </Location>
       <Directory "${join(root, "encoded")}">
         RemoveType .gz
         AddEncoding x-gzip .gz
       </Directory>
`,
    );
    return ["-f", path, "-D", "FOREGROUND"];
  },
  hasRanges: true,
  keepsConnections: true,
  compresses: true,
  encodingOfGz: "x-gzip",
  limitsRate: true,
  refuses: true,
};
