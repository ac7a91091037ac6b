/** fetchonce and its peers: how each of them is told to download a list of URLs into a folder. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { installedPackages } from "../harness/installed.ts";
import type { UrlList } from "./files.ts";
import { programPath, versionOf } from "./programs.ts";

export interface Tool {
  readonly name: string;
  readonly version: string;
  /** Called before the time starts. */
  command(list: UrlList, outDir: string): Promise<readonly string[]>;
  /** Where in the output folder the downloaded files are, and nothing else. */
  readonly filesIn: string;
}

const CONNECTIONS = "16";
const fileHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const fetchonceFrom = (name: string, program: string): Tool => ({
  name,
  version: packageJson.version,
  command: async ({ path }, outDir) => {
    return [process.execPath, fileHere(program), "get", path, "--out", outDir, "--allow-private-hosts"];
  },
  filesIn: "content/sha256",
});

/** As `npx` runs it. */
export const fetchonce = fetchonceFrom("fetchonce", "../../dist/fetchonce.cjs");
/** As `npm start` runs it: Node compiles TypeScript, and keeps what it compiled. */
export const fetchonceFromClone = fetchonceFrom("fetchonce from a clone", "../../cli/main.ts");

/** Builds the package that is measured. */
export async function buildFetchonce(): Promise<void> {
  await promisify(execFile)(process.execPath, [fileHere("../../package/build/build.ts")]);
}

async function aria2c(): Promise<Tool> {
  const program = await programPath("aria2c", "aria2");
  const options = ["--no-conf", "--quiet", `-j${CONNECTIONS}`, "-x1"];
  return {
    name: "aria2c",
    version: await versionOf(program),
    command: async ({ path }, outDir) => [program, ...options, `--dir=${outDir}`, `--input-file=${path}`],
    filesIn: "",
  };
}

async function scrapy(): Promise<Tool> {
  const program = join(await installedPackages("scrapy", fileHere("requirements.txt")), "scrapy");
  const settings = { CONCURRENT_REQUESTS: CONNECTIONS, CONCURRENT_REQUESTS_PER_DOMAIN: CONNECTIONS };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-s", `${name}=${value}`]);
  return {
    name: "Scrapy",
    version: await versionOf(program, "version"),
    command: async ({ path }, outDir) => {
      const input = ["-a", `path=${path}`, "-s", `FILES_STORE=${outDir}`];
      return [program, "runspider", fileHere("spider.py"), ...options, ...input];
    },
    filesIn: "full",
  };
}

async function wget2(): Promise<Tool> {
  const program = await programPath("wget2", "wget2");
  const options = ["--no-config", "--quiet", `--max-threads=${CONNECTIONS}`];
  return {
    name: "wget2",
    version: await versionOf(program),
    command: async ({ path }, outDir) => [program, ...options, `--directory-prefix=${outDir}`, `--input-file=${path}`],
    filesIn: "",
  };
}

async function curl(): Promise<Tool> {
  const program = await programPath("curl", "curl");
  const options = ["-q", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max", CONNECTIONS];
  return {
    name: "curl --parallel",
    version: await versionOf(program),
    command: async ({ path, files }, outDir) => {
      const config = `${path}.curl`;
      await writeFile(config, files.map(({ url }) => `url = "${url}"\n`).join(""));
      return [program, ...options, "--remote-name-all", "--output-dir", outDir, "--config", config];
    },
    filesIn: "",
  };
}

/** Downloads one file, then hashes it. */
export async function curlThenOpenssl(): Promise<Tool> {
  const programs = [await programPath("curl", "curl"), await programPath("openssl", "openssl")];
  const script = `"$1" -q --silent --show-error --fail -o "$3" "$4" && "$2" dgst -sha256 "$3"`;
  return {
    name: "curl, then openssl dgst -sha256",
    version: await versionOf(programs[0] ?? ""),
    command: async ({ files }, outDir) => {
      const urls = files.map(({ url }) => url);
      return ["sh", "-c", script, "sh", ...programs, join(outDir, "file"), ...urls];
    },
    filesIn: "",
  };
}

export interface Peers {
  readonly tools: readonly Tool[];
  /** One sentence for each peer that is not here. */
  readonly missing: readonly string[];
}

/** The peers that this machine has, or that can be installed on it. */
export async function findPeers(): Promise<Peers> {
  const tools: Tool[] = [];
  const missing: string[] = [];
  for (const [name, find] of Object.entries({ aria2c, Scrapy: scrapy, wget2, "curl --parallel": curl })) {
    try {
      tools.push(await find());
    } catch (error) {
      missing.push(`${name} was skipped: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { tools, missing };
}
