import { type Manifest, needsOf } from "./workspace.ts";

/** How much a changeset changes a version. */
export type Bump = "patch" | "minor" | "major";

type Numbers = readonly [number, number, number];

/** @throws {Error} for anything but three numbers: prereleases are not rehearsed. */
function numbersOf(version: string): Numbers {
  const match = /^(\d+)\.(\d+)\.(\d+)$/.exec(version);
  if (match === null) throw new Error(`version ${version} is not three numbers`);
  return [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** The version after a bump. */
function bumped(version: string, bump: Bump): string {
  const [major, minor, patch] = numbersOf(version);
  if (bump === "major") return `${major + 1}.0.0`;
  return bump === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/**
 * Whether a version is within a range of the one kind that our packages name each other with: `^1.2.3`.
 * @throws {Error} for another kind
 */
export function within(range: string, version: string): boolean {
  if (!range.startsWith("^")) throw new Error(`range ${range} does not begin with ^`);
  const low = numbersOf(range.slice(1));
  const high = numbersOf(version);
  // What may not change: all up to and with the first number that is not 0.
  const fixed = low[0] > 0 ? 1 : low[1] > 0 ? 2 : 3;
  if (low.slice(0, fixed).some((number, index) => number !== high[index])) return false;
  for (let index = fixed; index < 3; index++) {
    const [least = 0, number = 0] = [low[index], high[index]];
    if (number !== least) return number > least;
  }
  return true;
}

/**
 * The versions that a release must bring: what changesets name is bumped, and with a patch whoever's range would no longer fit.
 * Worked out here once more, so that a wrong setting of the release tool is noticed.
 */
export function expectedVersions(
  manifests: readonly Manifest[],
  bumps: ReadonlyMap<string, Bump>,
): Map<string, string> {
  const versions = new Map<string, string>();
  const bump = ({ name, version }: Manifest, by: Bump): void => void versions.set(name, bumped(version, by));
  for (const manifest of manifests) {
    const by = bumps.get(manifest.name);
    if (by !== undefined) bump(manifest, by);
  }
  for (let before = -1; before !== versions.size; ) {
    before = versions.size;
    for (const manifest of manifests) {
      if (versions.has(manifest.name)) continue;
      const left = [...needsOf(manifest)].some(([name, range]) => {
        const version = versions.get(name);
        return version !== undefined && !within(range, version);
      });
      if (left) bump(manifest, "patch");
    }
  }
  return versions;
}
