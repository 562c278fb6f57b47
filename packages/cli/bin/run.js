#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `scaler-aws-hpc: [config] expected Node 22.13 or newer, got ${process.versions.node}; install a newer one, or put it first in the PATH\n`,
  );
  process.exit(78);
}
const { main } = await import("../dist/main.js");
await main(process.argv.slice(2));
