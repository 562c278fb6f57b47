import { readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const COMMANDS = fileURLToPath(new URL("../commands/provision/", import.meta.url));

/** Packages that a module imports at once, itself or by way of others; not what it loads when it runs. */
function importsAtOnce(file: string, seen = new Set<string>()): Set<string> {
  const found = new Set<string>();
  if (seen.has(file)) return found;
  seen.add(file);
  const text = readFileSync(file, "utf8").replaceAll(/^(?:import|export) type [^;]*;/gms, "");
  for (const [, from = ""] of text.matchAll(/^(?:import|export)\s[^;]*?from "([^"]+)";/gms)) {
    if (!from.startsWith(".")) found.add(from);
    else for (const one of importsAtOnce(resolve(dirname(file), from), seen)) found.add(one);
  }
  return found;
}

// Without a manifest oclif loads all commands to run any: what they bring in is paid for by every start of the program.
it.each(readdirSync(COMMANDS))("%s brings no SDK into the start of other commands", (name) => {
  const imports = [...importsAtOnce(resolve(COMMANDS, name))];
  expect(imports).toContain("@oclif/core");
  expect(imports.filter((from) => /^@aws-sdk|^@smithy|smol-toml/.test(from))).toEqual([]);
});

it.each(["apply.ts", "destroy.ts", "plan.ts", "show.ts"])("%s brings nothing but oclif", (name) => {
  expect([...importsAtOnce(resolve(COMMANDS, name))]).toEqual(["@oclif/core"]);
});
