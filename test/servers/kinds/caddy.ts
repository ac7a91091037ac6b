import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programOf, type ServerKind } from "./kind.ts";

export const caddy: ServerKind = {
  name: "Caddy",
  install: "apt-get install caddy",
  program: programOf("caddy"),
  configure({ root, folder, port }) {
    const path = join(folder, "Caddyfile");
    writeFileSync(
      path,
      `{
         admin off
         auto_https off
         storage file_system ${folder}
       }
       :${port} {
         bind 127.0.0.1
         root * ${root}
         encode {
           gzip
           minimum_length 1
         }
         respond /forbidden/* 403
         header /encoded/* Content-Encoding gzip
         header /encoded/* Content-Type text/csv
         file_server
       }
`,
    );
    return ["run", "--config", path, "--adapter", "caddyfile"];
  },
  hasRanges: true,
  keepsConnections: true,
  compresses: true,
  encodingOfGz: "gzip",
  limitsRate: false,
  refuses: true,
};
