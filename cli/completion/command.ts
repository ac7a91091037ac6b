import { Argument, type Command } from "commander";
import { bashScript } from "./bash.ts";
import { describeProgram, type DescribedProgram } from "./described.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS: ReadonlyMap<string, (program: DescribedProgram) => string> = new Map([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
]);

const NOTES = `
bash, in ~/.bashrc:                source <(fetchonce completion bash)
zsh, in ~/.zshrc, after compinit:  source <(fetchonce completion zsh)
fish, once:                        fetchonce completion fish > ~/.config/fish/completions/fetchonce.fish`;

/**
 * Adds the command that prints a script, made from what the program says of its commands and options.
 * @param usualName name of the default command.
 */
export function addCompletion(program: Command, usualName: string): void {
  program
    .command("completion")
    .description("print a script with which a shell completes commands and options")
    .addArgument(new Argument("<SHELL>", "the shell").choices([...SCRIPTS.keys()]))
    .addHelpText("after", NOTES)
    .action((shell: string) => {
      const script = SCRIPTS.get(shell)?.(describeProgram(program, usualName));
      program.configureOutput().writeOut?.(script ?? "");
    });
}
