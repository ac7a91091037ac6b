import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programOf, SLOW_KIB_A_SECOND, type ServerKind } from "./kind.ts";

const DEFLATE = "/usr/lib/lighttpd/mod_deflate.so";

export const lighttpd: ServerKind = {
  name: "lighttpd",
  install: "apt-get install lighttpd lighttpd-mod-deflate",
  program: existsSync(DEFLATE) ? programOf("lighttpd") : undefined,
  configure({ root, folder, port }) {
    const path = join(folder, "lighttpd.conf");
    writeFileSync(
      path,
      `server.document-root = "${root}"
       server.bind = "127.0.0.1"
       server.port = ${port}
       server.errorlog = "${join(folder, "error.log")}"
       server.modules = ("mod_access", "mod_setenv", "mod_deflate")
       index-file.names = ("index.html")
       mimetype.assign = (
         ".html" => "text/html", ".txt" => "text/plain", ".csv" => "text/csv", ".gz" => "application/gzip",
         "" => "application/octet-stream"
       )
       deflate.mimetypes = ("text/")
       deflate.allowed-encodings = ("gzip")
       $HTTP["url"] =~ "^/forbidden/" { url.access-deny = ("") }
       $HTTP["url"] =~ "^/slow/" { connection.kbytes-per-second = ${SLOW_KIB_A_SECOND} }
       $HTTP["url"] =~ "^/encoded/" {
         mimetype.assign = (".csv.gz" => "text/csv")
         setenv.add-response-header = ("Content-Encoding" => "gzip")
       }
`,
    );
    return ["-D", "-f", path];
  },
  hasRanges: true,
  keepsConnections: true,
  compresses: true,
  encodingOfGz: "gzip",
  limitsRate: true,
  refuses: true,
};
