import type { OnLoadResult, Plugin } from "esbuild";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const CLIENT = /@aws-sdk\/client-[^/]+(?=\/dist-es\/)/;
const SCHEMAS = /@aws-sdk\/client-[^/]+\/dist-es\/schemas\/schemas_0\.js$/;
const PACKAGE = /@aws-sdk\/client-[^/]+\/package\.json$/;
/** What the SDK hashes with where Node has no crypto. Ours has. */
const OWN_HASHES = /\/dist-es\/submodules\/(checksum|sha)\/(sha256\/Sha256Js|sha1\/Sha1Js|md5\/Md5Js)\.js$/;

/** The modules of clients that say where their service is. Each has ours in its place. */
const ENDPOINTS = /@aws-sdk\/client-(s3|dynamodb|sqs)\/dist-es\/endpoint\/endpointResolver\.js$/;
const WITH_OUR_ENDPOINTS = /@aws-sdk\/client-(s3|dynamodb|sqs)$/;
const ourEndpoints = (service: string): string =>
  fileURLToPath(new URL(`../../adapters/aws/left-out/${service}-endpoints.ts`, import.meta.url));

const CONSTANT = /^const (_\w*) = ("[^"\\]*");$/gm;
const COMPUTED_KEY = /\[(_\w*)\](?=:)/g;

/**
 * Writes the keys of the schemas as what they are: `[_hE]: 403` becomes `"httpError": 403`. esbuild cannot know that
 * a computed key has no side effects, and keeps every schema that has one.
 * @throws Error if the schemas are no longer written in this way.
 */
export function withPlainKeys(schemas: string): string {
  const constants = new Map(Array.from(schemas.matchAll(CONSTANT), ([, name, text]) => [name, text]));
  let replaced = 0;
  const plain = schemas.replace(COMPUTED_KEY, (key, name: string) => {
    const text = constants.get(name);
    // As a plain key, this one would set the prototype.
    if (text === undefined || text === '"__proto__"') throw new Error(`${key} is no constant that can be a plain key.`);
    replaced += 1;
    return text;
  });
  if (replaced === 0) throw new Error("The schemas have no key of the form [_name].");
  return plain;
}

const load: Readonly<Record<"schemas" | "package" | "hash" | "endpoints", (path: string) => Promise<OnLoadResult>>> = {
  schemas: async (path) => ({ contents: withPlainKeys(await readFile(path, "utf8")) }),
  async package(path) {
    const { version } = JSON.parse(await readFile(path, "utf8")) as { readonly version: string };
    return { contents: JSON.stringify({ version }), loader: "json" };
  },
  async hash(path) {
    const name = basename(path, ".js");
    const message = JSON.stringify(`${name} is not part of this bundle (infra/bundling/slim-sdk.ts).`);
    return { contents: `export class ${name} { constructor() { throw new Error(${message}); } }` };
  },
  async endpoints(path) {
    const [, service = ""] = ENDPOINTS.exec(path.replaceAll("\\", "/")) ?? [];
    return { contents: `export * from ${JSON.stringify(ourEndpoints(service))};` };
  },
};

/**
 * Takes out of the AWS SDK what a bundle never uses and esbuild cannot leave out by itself: the schemas of other
 * operations, all of a client's package.json but the version, hashes in JavaScript, and most rules of endpoints.
 */
export const slimSdk: Plugin = {
  name: "slim-sdk",
  setup(build) {
    const seen = new Set<string>();
    const isSeen = (filter: RegExp, client = ""): boolean =>
      [...seen].some((path) => filter.test(path) && path.includes(client));
    const onLoad = (filter: RegExp, what: keyof typeof load): void =>
      build.onLoad({ filter }, async ({ path }) => {
        seen.add(path.replaceAll("\\", "/"));
        return load[what](path);
      });
    onLoad(SCHEMAS, "schemas");
    onLoad(PACKAGE, "package");
    onLoad(OWN_HASHES, "hash");
    onLoad(ENDPOINTS, "endpoints");

    // Another version of the SDK may have its files elsewhere, where nothing above would find them.
    build.onEnd(({ metafile }) => {
      const clients = new Set(Object.keys(metafile?.inputs ?? {}).flatMap((path) => CLIENT.exec(path)?.[0] ?? []));
      const missed = [...clients].filter((client) => !isSeen(SCHEMAS, `${client}/`) || !isSeen(PACKAGE, `${client}/`));
      if (clients.size > 0 && !isSeen(OWN_HASHES)) missed.push("the hashes in JavaScript");
      for (const client of clients)
        if (WITH_OUR_ENDPOINTS.test(client) && !isSeen(ENDPOINTS, `${client}/`)) missed.push(`endpoints of ${client}`);
      return { errors: missed.map((what) => ({ text: `slim-sdk did not find ${what} where it used to be.` })) };
    });
  },
};
