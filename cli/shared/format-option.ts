import { Option } from "commander";
import { LIST_FORMATS } from "../../core/ports/list-items.ts";

/** `--format KIND`, of every command that reads a list. */
export const formatOption = (): Option =>
  new Option("--format <KIND>", "the list's kind, if neither its name nor its first line tells").choices(LIST_FORMATS);
