import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { nodeProgram } from "@scaler-aws-hpc/testkit";
import { runProgram } from "./program.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** How npm is set up here, read at run time: nothing of it is written anywhere but into the scratch folder. */
export interface Machine {
  /** The registry of everybody else's packages. */
  readonly registry: string;
  readonly cache: string;
  readonly userconfig: string;
}

/** Our Node before the machine's, which may be too old for the release tool. */
const PATH = [dirname(nodeProgram()), process.env["PATH"] ?? ""].join(delimiter);

export async function readMachine(cwd: string, signal: AbortSignal): Promise<Machine> {
  const keys = ["registry", "cache", "userconfig"] as const;
  const text = await runProgram("npm", ["config", "get", ...keys], { cwd, signal });
  const found = new Map(text.split("\n").map((line) => line.split(/=(.*)/, 2) as [string, string]));
  const [registry, cache, userconfig] = keys.map((key) => found.get(key) ?? "");
  if (!registry || !cache || !userconfig) throw new Error(`npm config get said ${text}`);
  return { registry: registry.endsWith("/") ? registry : `${registry}/`, cache, userconfig };
}

/**
 * What whoever publishes has: the local registry and a token that is none. Not this machine's own settings, whose tokens must have no part in it.
 */
export async function publisherEnv(folder: string, url: string): Promise<Env> {
  const userconfig = join(folder, "publisher.npmrc");
  await writeFile(userconfig, `registry=${url}\n${url.slice("http:".length)}:_authToken=none\n`);
  const person = { NAME: "rehearsal", EMAIL: "rehearsal@localhost" };
  return {
    PATH,
    ...registryOf(url),
    npm_config_userconfig: userconfig,
    // npm remembers what a registry had: not in the cache of the user, who comes later.
    npm_config_cache: join(folder, "publisher-cache"),
    npm_config_audit: "false",
    // Nor git's settings, such as signing.
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: person.NAME,
    GIT_AUTHOR_EMAIL: person.EMAIL,
    GIT_COMMITTER_NAME: person.NAME,
    GIT_COMMITTER_EMAIL: person.EMAIL,
  };
}

/** What a user has: this machine's npm but for the registry, and a home folder that is empty. */
export async function userEnv(folder: string, url: string, machine: Machine): Promise<Env> {
  const home = join(folder, "home");
  await mkdir(home, { recursive: true });
  return {
    PATH,
    ...registryOf(url),
    npm_config_userconfig: machine.userconfig,
    npm_config_cache: machine.cache,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    // What was installed from where is looked up in the lock file.
    npm_config_omit_lockfile_registry_resolved: "false",
    HOME: home,
    XDG_DATA_HOME: undefined,
    XDG_CONFIG_HOME: undefined,
    XDG_CACHE_HOME: undefined,
    NODE_ENV: "production",
  };
}

/** For our scope too: the machine's settings may name a registry for it. */
function registryOf(url: string): Env {
  return { npm_config_registry: url, "npm_config_@scaler-aws-hpc:registry": url };
}
