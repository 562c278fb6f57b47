import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../scaler/repository.ts";

/** A file of a package's `src`. */
export interface SourceFile {
  /** Folder in `packages`. */
  readonly package: string;
  /** Path from `packages`, with slashes, as `cli/src/main.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and without what stands in quotes: what rules about code look at. */
  readonly code: string;
  /** What it imports, in the words of the import. */
  readonly imports: readonly string[];
}

const IMPORT = /^(?:import|export)\s[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

/** Every TypeScript file that packages publish or run: tests are left out. */
export function sourceFiles(): readonly SourceFile[] {
  const packages = join(repositoryRoot(), "packages");
  return readdirSync(packages).flatMap((name) =>
    readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .map((file) => {
        const text = readFileSync(join(packages, name, "src", file), "utf8");
        return { package: name, path: `${name}/src/${file.replaceAll("\\", "/")}`, ...parse(text) };
      }),
  );
}

/** What of a file's text the rules look at. */
export function parse(text: string): Pick<SourceFile, "text" | "code" | "imports"> {
  const bare = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|[\s;{}(,])\/\/.*$/gm, "$1");
  const imports = [...bare.matchAll(IMPORT)].map(([, from, plain, dynamic]) => from ?? plain ?? dynamic ?? "");
  return { text, code: bare.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""'), imports };
}
