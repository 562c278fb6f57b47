// `npm run rehearse`: a release, from what is committed to what a user runs, on a registry of this machine. Nothing leaves it: packages of
// others come from the registry that npm is set up with, ours from the one that is started here. Ends with `N passed, N failed`.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, counts } from "./check/report.mjs";
import { makeClone, withoutProvenance } from "./rehearse/clone.ts";
import { publisherEnv, readMachine, userEnv } from "./rehearse/machine.ts";
import { packedFully } from "./rehearse/packed.ts";
import { type Bump, expectedVersions } from "./rehearse/ranges.ts";
import { type Registry, startRegistry } from "./rehearse/registry.ts";
import { addChangeset, commitAll, publish, type Release, version, versions, waitingBumps } from "./rehearse/release.ts";
import { step } from "./rehearse/step.ts";
import { useAsUser } from "./rehearse/user.ts";
import { packagesOf, publicPackagesOf } from "./rehearse/workspace.ts";
import { say } from "./setup/say.mjs";

/** A change that stays within everybody's ranges, and one that leaves them. */
const ALONE = "@scaler-aws-hpc/payload-fs";
const FOLLOWED = "@scaler-aws-hpc/adapter-core";

const stop = new AbortController();
let stopCode: number | undefined;

async function main(folder: string, signal: AbortSignal): Promise<void> {
  say("reading how npm is set up");
  const machine = await readMachine(folder, signal);
  say("cloning what is committed, and compiling it");
  const tree = await makeClone(folder, signal);
  say("starting a registry");
  await using registry = await startRegistry(folder, machine.registry);
  const release: Release = { tree, signal, env: await publisherEnv(folder, registry.url) };
  await withoutProvenance(tree);
  await commitAll(release, "Publish without provenance");
  await firstRelease(release, registry);
  await nextRelease(release, registry, ALONE, "patch");
  await nextRelease(release, registry, FOLLOWED, "minor");
  const env = await userEnv(folder, registry.url, machine);
  await useAsUser({ folder, tree, signal, registry, env, publisher: release.env });
}

async function firstRelease(release: Release, registry: Registry): Promise<void> {
  const { tree, signal } = release;
  say("versioning and publishing every package");
  const before = await publicPackagesOf(tree);
  const bumps = await waitingBumps(tree);
  const expected = expectedVersions(manifestsOf(before), bumps);
  await step(signal, `changeset version: ${bumps.size} packages named`, async () => {
    // Right after a release nothing waits, and the tool refuses: then what is there is published.
    const got = bumps.size > 0 ? await version(release) : await versions(tree);
    const wanted = before.map(({ manifest: { name, version } }) => `${name} ${expected.get(name) ?? version}`);
    return differs(wanted, lines(got)) ?? (await notesMissing(tree, bumps));
  });
  await step(signal, "changeset publish: every public package", async () => {
    await publish(release);
    return differs(
      before.map(({ manifest }) => manifest.name),
      registry.newlyPublished(),
    );
  });
  for (const { manifest } of await publicPackagesOf(tree))
    await step(signal, `${manifest.name} ${manifest.version} as published`, () =>
      packedFully(tree, registry.storage, manifest),
    );
  await step(signal, "changeset publish once more: nothing", async () => {
    await publish(release);
    return differs([], registry.newlyPublished());
  });
}

/** Changes one package, and looks at what follows. */
async function nextRelease(release: Release, registry: Registry, name: string, bump: Bump): Promise<void> {
  const { tree, signal } = release;
  say(`versioning and publishing a ${bump} of ${name}`);
  await addChangeset(tree, name, bump, "Rehearsed.");
  const before = await versions(tree);
  const expected = expectedVersions(manifestsOf(await publicPackagesOf(tree)), new Map([[name, bump]]));
  const names = [...expected.keys()].sort();
  await step(signal, `changeset version: a ${bump} of ${name} changes ${names.join(", ")}`, async () => {
    const got = await version(release);
    return differs(lines(new Map([...before, ...expected])), lines(got));
  });
  await step(signal, `changeset publish: ${names.join(", ")}, and no other`, async () => {
    await publish(release);
    return differs(names, registry.newlyPublished());
  });
  for (const { manifest } of await publicPackagesOf(tree))
    if (expected.has(manifest.name))
      await step(signal, `${manifest.name} ${manifest.version} as published`, () =>
        packedFully(tree, registry.storage, manifest),
      );
}

/** Each package that a changeset names has got its notes; packages that are not published have got none. */
async function notesMissing(tree: string, bumps: ReadonlyMap<string, Bump>): Promise<string | undefined> {
  for (const { folder, manifest } of await packagesOf(tree)) {
    const has = (await readdir(folder)).includes("CHANGELOG.md");
    const notes = has ? await readFile(join(folder, "CHANGELOG.md"), "utf8") : "";
    if (bumps.has(manifest.name) && !notes.includes(`## ${manifest.version}\n`))
      return `CHANGELOG.md of ${manifest.name} says nothing of ${manifest.version}`;
  }
  return undefined;
}

const manifestsOf = (packages: Awaited<ReturnType<typeof packagesOf>>) => packages.map(({ manifest }) => manifest);
const lines = (found: ReadonlyMap<string, string>): string[] => [...found].map((pair) => pair.join(" "));

function differs(wanted: readonly string[], got: readonly string[]): string | undefined {
  const [should, is] = [wanted, got].map((list) => [...list].sort().join("\n"));
  return should === is ? undefined : `should be\n${should || "(none)"}\nis\n${is || "(none)"}`;
}

for (const [name, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.on(name, () => {
    stopCode ??= code;
    stop.abort(new Error(`stopped by ${name}`));
  });

const folder = await mkdtemp(join(tmpdir(), "scaler-rehearsal-"));
await check("everything was rehearsed", async () => {
  await main(folder, stop.signal);
  return undefined;
});
say("cleaning up");
await rm(folder, { recursive: true, force: true });
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(stopCode ?? (counts.failed === 0 ? 0 : 1));
