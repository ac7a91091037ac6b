import { Option } from "commander";

/** `--format KIND`, of every command that reads a list. */
export const formatOption = (): Option =>
  new Option("--format <KIND>", "the list's kind, if neither its name nor its first line tells").choices([
    "txt",
    "csv",
    "tsv",
    "jsonl",
    "parquet",
  ]);
