/** Whether a bucket's policy refuses whatever does not come over TLS. A policy that cannot be read refuses nothing. */
export function refusesPlainHttp(policy: string): boolean {
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    return false;
  }
  return listOf(field(document, "Statement")).some((statement) => {
    if (field(statement, "Effect") !== "Deny") return false;
    const everybody = [field(statement, "Principal"), field(field(statement, "Principal"), "AWS")].some((who) =>
      listOf(who).includes("*"),
    );
    const everything = listOf(field(statement, "Action")).some((action) => action === "s3:*" || action === "*");
    const bool = field(field(statement, "Condition"), "Bool");
    return (
      everybody && everything && listOf(field(bool, "aws:SecureTransport")).some((value) => String(value) === "false")
    );
  });
}

const field = (from: unknown, name: string): unknown =>
  typeof from === "object" && from !== null ? (from as Readonly<Record<string, unknown>>)[name] : undefined;

/** A policy writes a list of one as the one. */
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
