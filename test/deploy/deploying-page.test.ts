/** The commands of docs/deploying.md, docs/grafana.md and README.md, as they stand there, in an account of moto. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { present } from "../../core/model/present.ts";
import { Account } from "./account.ts";
import { ACCOUNT, type Emulator, REGION, startEmulator } from "./emulator.ts";
import { awsCliIn, blocksOf, ROOT, typeIntoBash } from "./typed.ts";

const PAGE = "docs/deploying.md";
/**
 * What the CLI asks its reader at a terminal is answered with yes. There is no change set: moto loses the outputs of a
 * stack that one has created.
 */
const ANSWERS = `npx() {
  case "$2" in
    deploy) command npx "$@" --require-approval never --method direct ;;
    destroy) command npx "$@" --force ;;
    *) command npx "$@" ;;
  esac
}
`;

const end = new AsyncDisposableStack();
let emulator: Emulator;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-deploying-"));
  end.defer(async () => rm(folder, { recursive: true, force: true }));
  emulator = end.use(await startEmulator());
});
afterAll(async () => end.disposeAsync());

const typed = async (script: string): Promise<string> =>
  typeIntoBash(script, {
    programs: await awsCliIn(folder),
    cwd: ROOT,
    env: { ...emulator.environment, CI: "true", CDK_OUTPUT: join(folder, "cdk.out") },
  });

it("each of the CDK's commands of docs/deploying.md and README.md does what the page says", async () => {
  const ours = join(folder, "ours.json");
  const [environments = ""] = blocksOf(PAGE, "json");
  await writeFile(ours, environments);
  const puts: Readonly<Record<string, string>> = { account: ACCOUNT, region: REGION };
  // moto has no termination protection to turn off: the test of the stacks types that block, in ministack.
  const script = ["README.md", PAGE]
    .flatMap((page) => blocksOf(page))
    .filter((block) => block.includes("npx cdk"))
    .join("\n")
    .replaceAll("../ours.json", ours)
    .replaceAll(/<(\w+)>/g, (_, name: string) => present(puts[name], `what is put in for ${name} of ${PAGE}`));
  // Nobody destroys what was not deployed.
  await typed(`${ANSWERS}${script.replace("npx cdk destroy", "npx cdk deploy --all -c env=dev\nnpx cdk destroy")}`);
  const account = new Account(emulator);
  const stacksOf = (env: string): readonly string[] => [`fetchonce-${env}`, `fetchonce-${env}-pipeline`];
  for (const name of [...stacksOf("prod"), ...stacksOf("papers")])
    expect(await account.outputs(name)).toMatchObject({ isProtected: true });
  for (const name of stacksOf("dev")) await expect(account.outputs(name)).rejects.toThrow("does not exist");
});

it("the AWS CLI has each command of docs/grafana.md, which no emulator answers", async () => {
  const commands =
    blocksOf("docs/grafana.md")
      .join("\n")
      .match(/^ *aws .*?(?= *#|$)/gm) ?? [];
  expect(commands.length).toBeGreaterThan(0);
  await typed(commands.map((command) => `${command} --generate-cli-skeleton input`).join("\n"));
});
