import type { OptionSpec } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { EXIT_CODES } from "./exit-codes.ts";
import { BUNDLED_OPTIONS } from "./options/bundled-options.ts";
import { defaultText } from "./options/flags.ts";
import { environmentName, OPTION_GROUPS, type Option } from "./options/option.ts";
import { PROFILE_OPTIONS } from "./options/profiles.ts";
import { bundledPlugins } from "./plugins/bundled-plugins.ts";

const code = (text: string): string => `\`${text}\``;
const line = (cells: readonly string[]): string =>
  `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");

function optionRow(option: Option): readonly string[] {
  const { name, short, aliases = [], env = [], choices, type, ignored, summary } = option;
  const names = [
    ...(short === undefined ? [] : [code(`-${short}`)]),
    ...aliases.map((alias) => code(`--${alias}`)),
    ...(type === "boolean" ? [code(`--no-${name}`)] : []),
    ...env.map(code),
  ];
  const text = ignored === undefined ? summary : ignored;
  return [
    code(`--${name}`),
    names.join(", "),
    choices?.map(code).join(", ") ?? type,
    defaultText(option) ?? "",
    `${text}.`,
  ];
}

function optionTables(): string {
  const last = OPTION_GROUPS.slice(-2) as readonly string[];
  const others = BUNDLED_OPTIONS.map(({ group }) => group).filter((group) => !last.includes(group));
  const known = OPTION_GROUPS as readonly string[];
  const groups = [...new Set([...known.slice(0, -2).filter((group) => others.includes(group)), ...others, ...last])];
  const head = ["flag", "other names", "value", "default", "meaning"];
  return groups
    .map((group) => [group, BUNDLED_OPTIONS.filter((option) => option.group === group).map(optionRow)] as const)
    .map(([group, rows]) => `### ${group}\n\n${table(head, rows)}\n`)
    .join("\n");
}

const settingRow = ({ name, type, summary }: OptionSpec): readonly string[] => {
  const [text = "", words = ""] = summary.replace(/\.$/, "").split(/\.? Default: /);
  return [code(name.replaceAll("-", "_")), "", type, words, `${text}.`];
};

async function profileTable(): Promise<string> {
  const own = PROFILE_OPTIONS.map(({ name, aliases = [], type, summary }: Option) => [
    code(name),
    aliases.map((alias) => code(alias.replaceAll("-", "_"))).join(", "),
    type,
    name === "slots" ? "required" : "",
    `${summary}.`,
  ]);
  const { registry } = await bundledPlugins();
  const theirs = registry.backends.flatMap(({ name, profileSettings = [] }) =>
    profileSettings
      .map(settingRow)
      .map((row) => [...row.slice(0, -1), `${row.at(-1)} With ${code(`--backend ${name}`)}.`]),
  );
  const first = [code("name"), "", "string", "required", "Lower-case letters, digits and hyphens; not `default`."];
  return table(["key", "other names", "value", "default", "meaning"], [first, ...own, ...theirs]);
}

async function reference(): Promise<string> {
  const codes = Object.values(EXIT_CODES).map(({ code: number, meaning }) => [String(number), meaning]);
  return `# Configuration

Made from the tables that the program itself reads: do not edit. \`npx vitest run --project smoke packages/cli -u\` writes it anew after a build, and the same
test fails where it is not current.

## Where settings come from

The first of these that has a value counts:

1. flags;
2. environment variables: \`SCALER_AWS_HPC_\` and the flag in capitals, such as \`${environmentName("tasks-per-job")}\`; then the names that stand under "other
   names" below, some of which the Python original's provisioner writes;
3. the TOML file of \`--config\` (or \`${environmentName("config")}\`);
4. \`./scaler-aws-hpc.toml\`;
5. \`$XDG_CONFIG_HOME/scaler-aws-hpc/config.toml\` (\`~/.config/...\`);
6. defaults.

A value is checked wherever it stands, also where a stronger one wins. An unknown flag or key is an error with a guess at what was meant; an unknown variable
is warned of when it looks like a slip. An empty variable counts as not set. \`scaler-aws-hpc config show --origin\` prints each value and where it came from, and
masks what looks like a secret.

AWS credentials are no settings of this program: they come from the SDK's default chain (\`AWS_PROFILE\`, SSO, web identity, container and instance roles), and are
refreshed by it in long runs. \`AWS_ENDPOINT_URL\`, \`AWS_ENDPOINT_URL_BATCH\` and \`AWS_ENDPOINT_URL_S3\` lead to an emulator.

## Files

A key is a flag's name with \`_\` or \`-\`. Any of the table names that the original had in its releases will do, in a file of this manager's own or in one that
configures a whole cluster; tables of other programs are left alone, and there has to be exactly one of ours:

\`\`\`toml
[aws_hpc_worker_manager]          # or [aws_hpc_worker_adapter]
scheduler_address = "tcp://10.0.0.5:8516"
job_queue = "my-queue"
job_definition = "my-job"
s3_bucket = "my-bucket"
max_concurrent_jobs = 100
\`\`\`

\`\`\`toml
[[worker_manager]]                # or [worker_manager]
type = "aws_hpc"
scheduler_address = "tcp://10.0.0.5:8516"
\`\`\`

## Profiles

A profile is a set of slots with resources of its own, for tasks that ask for its capabilities on a scheduler that allocates by capability. It has workers of
its own, and jobs of its own. The plain options make the profile \`default\`. Profiles stand in files only:

\`\`\`toml
[[profile]]
name = "gpu"
slots = 4
capabilities = "gpu"
vcpu = 4
memory = 16384
gpu = 1
queue = "my-gpu-queue"
\`\`\`

\`[[profile]]\` may also stand within the manager's table (\`[[aws_hpc_worker_manager.profile]]\`), or be written \`[aws_hpc_worker_manager.profiles.gpu]\`.

${await profileTable()}

## Options

Seconds may be written \`1.5m\`, \`90s\`, \`250ms\`; bytes \`64MiB\`, \`1GB\`; capabilities \`linux,cpu=4\` (a bare name is -1). Behind the text of a plugin's option stands
which backend or payload store reads it.

${optionTables()}
## Exit codes

${table(["code", "meaning"], codes)}
`;
}

it("is what docs/configuration.md says", async () => {
  await expect(await reference()).toMatchFileSnapshot("../../../docs/configuration.md");
});
