import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

/**
 * Removes what was compiled from a source that is gone: the compiler leaves it, and a command whose file was deleted would stay alive.
 * Only that, not all of `dist`: other commands of this clone may be running from it.
 */
export function removeStale() {
  for (const name of readdirSync(join(root, "packages"))) {
    const dist = join(root, "packages", name, "dist");
    if (!existsSync(dist)) continue;
    for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
      const compiled = /^(.+?)\.(js|d\.ts)(\.map)?$/.exec(file);
      if (compiled === null) continue;
      const [, stem = ""] = compiled;
      const source = join(root, "packages", name, "src", `${stem}.ts`);
      if (stem.endsWith(".test") || !existsSync(source)) rmSync(join(dist, file), { force: true });
    }
  }
}
