import { expect, it } from "vitest";
import { EXIT_CODES } from "../exit-codes.ts";
import { defaultNote } from "./flags.ts";
import { environmentName, type Option } from "./option.ts";
import { OPTIONS } from "./table.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");
const code = (text: string): string => `\`${text}\``;

function row(option: Option): string {
  const { name, short, aliases = [], env = [], choices, type } = option;
  const flags = [
    ...(short === undefined ? [] : [code(`-${short}`)]),
    ...aliases.map((alias) => code(`--${alias}`)),
    ...(type === "boolean" ? [code(`--no-${name}`)] : []),
  ];
  const variables = env.length === 0 ? "" : ` Also ${env.map(code).join(", ")}.`;
  const value = choices?.map(code).join(", ") ?? type;
  const text =
    option.ignored === undefined ? `${option.summary}.${defaultNote(option)}${variables}` : `${option.ignored}.`;
  return `| ${[code(`--${name}`), flags.join(", "), value, text].map(cell).join(" | ")} |`;
}

function reference(): string {
  const groups = [...new Set(OPTIONS.map(({ group }) => group))];
  const tables = groups.map((group) => {
    const rows = OPTIONS.filter((option) => option.group === group).map(row);
    return `## ${group}\n\n| flag | other names | value | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  const codes = Object.values(EXIT_CODES).map(({ code: number, meaning }) => `| ${number} | ${meaning} |`);
  return `# Options and exit codes

Made from the tables that the program itself reads; \`npx vitest run --project unit packages/cli -u\` writes it anew.

Each option is a flag, a variable (\`--tasks-per-job\`: \`${environmentName("tasks-per-job")}\`) and a key in a file (\`tasks_per_job\`). Seconds may be
written \`1.5m\`, \`90s\`, \`250ms\`; bytes \`64MiB\`, \`1GB\`.

${tables.join("\n")}
## Exit codes

| code | meaning |
|---|---|
${codes.join("\n")}
`;
}

it("is what docs/options.md says", async () => {
  await expect(reference()).toMatchFileSnapshot("../../../../docs/options.md");
});
