#!/usr/bin/env node
"use strict";
// Nodes from version 10 on can parse this file, so that they can say that they are too old for the others.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(`fetchonce needs Node 22.13 or newer, and this is Node ${process.versions.node}.\n`);
  process.exitCode = 2;
} else {
  void import("./main.js");
}
