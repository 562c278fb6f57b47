// Writes oclif.manifest.json before packing: with it no command has to be imported to show help.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Plugin } from "@oclif/core";
import { settings } from "@oclif/core/settings";

settings.enableAutoTranspile = false;
const root = fileURLToPath(new URL("..", import.meta.url));
const options = { root, type: "core", ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true };
const plugin = new Plugin(options);
await plugin.load();
writeFileSync(`${root}oclif.manifest.json`, `${JSON.stringify(plugin.manifest, undefined, 2)}\n`);
