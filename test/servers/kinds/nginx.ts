import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programOf, SLOW_RATE, type ServerKind } from "./kind.ts";

const PASSED_ON = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

export const nginx: ServerKind = {
  name: "nginx",
  install: "apt-get install nginx",
  program: programOf("nginx"),
  configure({ root, folder, port }) {
    const path = join(folder, "nginx.conf");
    const errors = join(folder, "error.log");
    writeFileSync(
      path,
      `daemon off;
       pid ${join(folder, "nginx.pid")};
       error_log ${errors};
       worker_processes 1;
       events {}
       http {
         access_log off;
         ${PASSED_ON.map((name) => `${name}_temp_path ${join(folder, name)};`).join("\n")}
         types { text/html html; text/plain txt; text/csv csv; application/gzip gz; }
         default_type application/octet-stream;
         gzip on;
         gzip_types *;
         gzip_min_length 1;
         server {
           listen 127.0.0.1:${port};
           root ${root};
           location /forbidden/ { deny all; }
           location /slow/ { limit_rate ${SLOW_RATE}; }
           location /encoded/ { gzip off; types {} default_type text/csv; add_header Content-Encoding gzip; }
         }
       }`,
    );
    return ["-p", folder, "-e", errors, "-c", path];
  },
  hasRanges: true,
  keepsConnections: true,
  compresses: true,
  encodingOfGz: "gzip",
  limitsRate: true,
  refuses: true,
};
