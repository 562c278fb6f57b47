import { fileURLToPath } from "node:url";
import { Config } from "@oclif/core";
import { settings } from "@oclif/core/settings";
import { expect, it } from "vitest";
import { EXIT_CODES } from "./exit-codes.ts";

// What scripts rely on. A difference here is a change that users see: it belongs in a changeset.
it("has the commands, flags and exit codes that are written down", async () => {
  settings.enableAutoTranspile = false;
  const root = fileURLToPath(new URL("..", import.meta.url));
  const config = await Config.load({ root, ignoreManifest: true, userPlugins: false });
  const own = config.commands.filter((command) => command.pluginName === "scaler-aws-hpc");
  const commands = own.map(({ id, aliases, args, flags }) => ({
    id,
    aliases,
    args: Object.keys(args),
    flags: Object.values(flags)
      .map(({ name, char, type, aliases: others, hidden }) => ({
        name,
        ...(char !== undefined && { char }),
        type,
        ...(others !== undefined && others.length > 0 && { aliases: others }),
        ...(hidden && { hidden }),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  }));
  const exitCodes = Object.fromEntries(Object.entries(EXIT_CODES).map(([reason, { code }]) => [reason, code]));
  const surface = `${JSON.stringify({ commands, exitCodes }, undefined, 2)}\n`;
  await expect(surface).toMatchFileSnapshot("../command-surface.json");
});
