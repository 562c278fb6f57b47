import { fileURLToPath } from "node:url";
import { type Command, Config } from "@oclif/core";
import { settings } from "@oclif/core/settings";
import { expect, it } from "vitest";
import { EXIT_CODES } from "./exit-codes.ts";

// What scripts rely on. A difference here is a change that users see: it belongs in a changeset.
it("has the commands, flags and exit codes that are written down", async () => {
  settings.enableAutoTranspile = false;
  const root = fileURLToPath(new URL("..", import.meta.url));
  const config = await Config.load({ root, ignoreManifest: true, userPlugins: false });
  const own = config.commands.filter(({ pluginName = "" }) => /^@?scaler-aws-hpc(?:\/|$)/.test(pluginName));
  const lines = own.flatMap(({ id, aliases, args, flags }) => [
    [id, ...aliases].join(" | ").replaceAll(":", " "),
    ...Object.keys(args).map((name) => `  [${name}]`),
    ...Object.values(flags).map(flagLine).sort(),
  ]);
  const codes = Object.entries(EXIT_CODES).map(([reason, { code }]) => `exit ${code} ${reason}`);
  await expect(`${[...lines, ...codes].join("\n")}\n`).toMatchFileSnapshot("../command-surface.txt");
});

/** One flag on one line. */
function flagLine({ name, char, type, aliases = [], hidden }: Command.Flag.Cached): string {
  const names = [`--${name}`, ...(char === undefined ? [] : [`-${char}`]), ...aliases.map((alias) => `--${alias}`)];
  return `  ${names.join(" ")}${type === "boolean" ? "" : " VALUE"}${hidden ? " (hidden)" : ""}`;
}
