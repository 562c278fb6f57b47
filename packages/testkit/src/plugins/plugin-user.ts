import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { ChildProgram } from "../scaler/child-program.ts";
import { cliProgram, nodeProgram, releaseBin } from "../scaler/repository.ts";

/** What a command printed and how it ended. */
export interface Said {
  readonly code: number | null;
  /** stdout and stderr as they came. */
  readonly text: string;
}

/**
 * Somebody with a home folder of their own outside of the clone, who packs plugins and gives them to the program. The registry that npm
 * finds there does not answer: what works here works without a network.
 */
export class PluginUser implements AsyncDisposable {
  /** The home folder; goes with the user. */
  readonly home: string;
  /** What a program needs in its environment to be this user's. */
  readonly env: Readonly<Record<string, string | undefined>>;

  private constructor(home: string, scalerBin: string) {
    this.home = home;
    this.env = {
      HOME: home,
      PATH: [scalerBin, dirname(nodeProgram()), process.env["PATH"] ?? ""].join(delimiter),
      // Without it oclif looks for TypeScript sources beside the compiled commands.
      NODE_ENV: "production",
      NO_COLOR: "1",
      XDG_DATA_HOME: undefined,
      XDG_CONFIG_HOME: undefined,
      XDG_CACHE_HOME: undefined,
      npm_config_registry: "http://127.0.0.1:9/",
      npm_config_fetch_retries: "0",
      npm_config_cache: join(home, "npm"),
    };
  }

  /** @throws {HarnessError} `missing` when no release is installed whose Python could run tasks */
  static async open(): Promise<PluginUser> {
    const scalerBin = releaseBin("2.9.0");
    return new PluginUser(await mkdtemp(join(tmpdir(), "scaler-aws-hpc-user-")), scalerBin);
  }

  /** Copies a plugin's folder here and packs it. @returns the path of the tarball */
  async packCopy(folder: string, name: string, version: string): Promise<string> {
    const place = join(this.home, "sources", name);
    await cp(folder, place, { recursive: true });
    return await this.#pack(place, name, version);
  }

  /** Packs a plugin of one module. @returns the path of the tarball */
  async packModule(name: string, source: string): Promise<string> {
    const place = join(this.home, "sources", name);
    await mkdir(place, { recursive: true });
    const scalerAwsHpc = { plugin: "./plugin.js" };
    const peerDependencies = { "@scaler-aws-hpc/adapter-core": "^0.1.0" };
    const manifest = { name, version: "1.0.0", type: "module", oclif: {}, scalerAwsHpc, peerDependencies };
    await writeFile(join(place, "package.json"), JSON.stringify(manifest));
    await writeFile(join(place, "plugin.js"), source);
    return await this.#pack(place, name, "1.0.0");
  }

  /** Runs `scaler-aws-hpc` to its end. */
  async run(...args: readonly string[]): Promise<Said> {
    return await this.#toEnd("scaler-aws-hpc", nodeProgram(), [cliProgram(), ...args], this.home);
  }

  /** Folder of a plugin that was installed. */
  installed(name: string): string {
    return join(this.home, ".local", "share", "scaler-aws-hpc", "node_modules", name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  async #pack(place: string, name: string, version: string): Promise<string> {
    const { code, text } = await this.#toEnd("npm pack", "npm", ["pack", "--pack-destination", this.home], place);
    if (code !== 0) throw new Error(`npm pack of ${name} ended with ${code}:\n${text}`);
    return join(this.home, `${name}-${version}.tgz`);
  }

  async #toEnd(name: string, file: string, args: readonly string[], cwd: string): Promise<Said> {
    await using program = await ChildProgram.start({ name, file, args, env: this.env, cwd });
    const { code } = await program.exited;
    return { code, text: program.logs.text };
  }
}
