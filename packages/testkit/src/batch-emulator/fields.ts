import { clientFault } from "./api-refusal.ts";

/** A JSON object whose members nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** @throws {ApiRefusal} `ClientException` for anything that is no object */
export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw clientFault(`${name}: expected an object`);
  return value as Fields;
}

/** A member that may be absent; `null` counts as absent. @throws {ApiRefusal} `ClientException` when it is no text */
export function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  if (value !== undefined && typeof value !== "string") throw clientFault(`${name}: expected a string`);
  return value;
}

/** A member that has to be there and not empty. @throws {ApiRefusal} `ClientException` */
export function requiredText(fields: Fields, name: string): string {
  const value = textOf(fields, name);
  if (value === undefined || value === "") throw clientFault(`${name} cannot be empty`);
  return value;
}

/** A whole number that may be absent. @throws {ApiRefusal} `ClientException` */
export function integerOf(fields: Fields, name: string): number | undefined {
  const value = fields[name] ?? undefined;
  if (value !== undefined && (typeof value !== "number" || !Number.isInteger(value)))
    throw clientFault(`${name}: expected an integer`);
  return value as number | undefined;
}

/** A list that may be absent. @throws {ApiRefusal} `ClientException` */
export function listOf(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = fields[name] ?? undefined;
  if (value !== undefined && !Array.isArray(value)) throw clientFault(`${name}: expected a list`);
  return value as readonly unknown[] | undefined;
}

/** A list of texts. @throws {ApiRefusal} `ClientException` */
export function textsOf(fields: Fields, name: string): readonly string[] | undefined {
  return listOf(fields, name)?.map((value) => {
    if (typeof value !== "string") throw clientFault(`${name}: expected strings`);
    return value;
  });
}

/** An object of texts. @throws {ApiRefusal} `ClientException` */
export function mapOf(fields: Fields, name: string): Readonly<Record<string, string>> {
  const value = fields[name] ?? undefined;
  if (value === undefined) return {};
  return Object.fromEntries(
    Object.entries(fieldsOf(value, name)).map(([key, text]) => {
      if (typeof text !== "string") throw clientFault(`${name}.${key}: expected a string`);
      return [key, text];
    }),
  );
}
