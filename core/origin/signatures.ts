/**
 * The first bytes by which files are known: the tables of WHATWG MIME Sniffing (6.1 to 6.4), and the usual archives,
 * documents and data files. A library would take 21 KB of the worker's bundle for types that nobody downloads.
 */
interface Signature {
  /** What begins like this may be any of these types. */
  readonly types: readonly string[];
  readonly offset?: number;
  /** Hexadecimal digits; `..` stands for any byte. */
  readonly bytes: string;
}

const ZIP = [
  "application/zip",
  "application/x-zip-compressed",
  "application/epub+zip",
  "application/java-archive",
  "application/vnd.android.package-archive",
  "application/vnd.google-earth.kmz",
  ...["text", "spreadsheet", "presentation"].map((kind) => `application/vnd.oasis.opendocument.${kind}`),
  ...["wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation"].map(
    (kind) => `application/vnd.openxmlformats-officedocument.${kind}`,
  ),
];
const OLE = ["msword", "vnd.ms-excel", "vnd.ms-powerpoint", "x-msi"].map((type) => `application/${type}`);
const ISO_MEDIA = [
  "video/mp4",
  "audio/mp4",
  "video/quicktime",
  "image/heic",
  "image/avif",
  "video/3gpp",
  "audio/x-m4a",
];

const SIGNATURES: readonly Signature[] = [
  { types: ["application/pdf"], bytes: "255044462d" },
  { types: ["application/postscript"], bytes: "252150532d41646f62652d" },
  { types: ZIP, bytes: "504b0304" },
  { types: ZIP, bytes: "504b0506" },
  { types: ["application/gzip", "application/x-gzip", "application/x-tgz"], bytes: "1f8b08" },
  { types: ["application/x-bzip2", "application/x-bzip"], bytes: "425a68" },
  { types: ["application/x-xz"], bytes: "fd377a585a00" },
  { types: ["application/zstd"], bytes: "28b52ffd" },
  { types: ["application/x-7z-compressed"], bytes: "377abcaf271c" },
  { types: ["application/vnd.rar", "application/x-rar-compressed"], bytes: "526172211a07" },
  { types: ["application/x-tar"], offset: 257, bytes: "7573746172" },
  { types: OLE, bytes: "d0cf11e0a1b11ae1" },
  { types: ["application/vnd.apache.parquet"], bytes: "50415231" },
  { types: ["application/x-hdf5", "application/x-hdf", "application/x-netcdf"], bytes: "894844460d0a1a0a" },
  { types: ["application/vnd.sqlite3"], bytes: "53514c69746520666f726d6174203300" },
  { types: ["image/png", "image/apng"], bytes: "89504e470d0a1a0a" },
  { types: ["image/jpeg"], bytes: "ffd8ff" },
  { types: ["image/gif"], bytes: "474946383761" },
  { types: ["image/gif"], bytes: "474946383961" },
  { types: ["image/webp"], bytes: "52494646........57454250" },
  { types: ["image/bmp"], bytes: "424d" },
  { types: ["image/tiff", "image/geotiff"], bytes: "49492a00" },
  { types: ["image/tiff", "image/geotiff"], bytes: "4d4d002a" },
  { types: ["image/x-icon", "image/vnd.microsoft.icon"], bytes: "00000100" },
  { types: ["audio/mpeg"], bytes: "494433" },
  { types: ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"], bytes: "52494646........57415645" },
  { types: ["video/x-msvideo", "video/avi"], bytes: "52494646........415649" },
  { types: ["audio/ogg", "video/ogg", "application/ogg"], bytes: "4f67675300" },
  { types: ["audio/flac", "audio/x-flac"], bytes: "664c6143" },
  { types: ["video/webm", "audio/webm", "video/x-matroska"], bytes: "1a45dfa3" },
  { types: ISO_MEDIA, offset: 4, bytes: "66747970" },
  { types: ["font/woff"], bytes: "774f4646" },
  { types: ["font/woff2"], bytes: "774f4632" },
];

const ANY = "..";

function matches(head: Uint8Array, { offset = 0, bytes }: Signature): boolean {
  const digits = bytes.match(/../g) ?? [];
  return digits.every((pair, at) => pair === ANY || head[offset + at] === Number.parseInt(pair, 16));
}

/** The types that a file with these first bytes may have. Empty: the bytes do not tell. */
export const typesShownBy = (head: Uint8Array): readonly string[] =>
  SIGNATURES.filter((signature) => matches(head, signature)).flatMap(({ types }) => types);

const SIGNED = new Set(SIGNATURES.flatMap(({ types }) => types));

/** Whether all files of the type begin with a signature, so that a page can be none of them. */
export const hasSignature = (type: string): boolean =>
  SIGNED.has(type) || /^(image\/(?!svg)|video\/|font\/|audio\/(?!.*mpegurl))/.test(type);
