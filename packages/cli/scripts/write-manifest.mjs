// Writes oclif.manifest.json of the package in the current folder, before it is packed: with it no command has to be imported to show help.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Plugin } from "@oclif/core";
import { settings } from "@oclif/core/settings";

settings.enableAutoTranspile = false;
const root = process.cwd();
const options = { root, type: "core", ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true };
const plugin = new Plugin(options);
await plugin.load();
writeFileSync(join(root, "oclif.manifest.json"), `${JSON.stringify(plugin.manifest, undefined, 2)}\n`);
