import { AdapterError } from "@scaler-aws-hpc/adapter-core";

/** A table of a TOML file. */
type Table = Readonly<Record<string, unknown>>;

/** Which table of a file `start` reads: as the program's own reader of such files looks for it. */
export interface TomlPlace {
  /** As its header writes it, such as `[[worker_manager]]`. */
  readonly header: string;
  /** Which of the tables of this header, from 0. */
  readonly index: number;
  /** What is in it. */
  readonly table: Table;
}

/** The table that is written where there is none. */
export const TABLE = "aws_hpc_worker_manager";

/** In a table that other managers have too, the key that says whose it is. */
const SHARED = "worker_manager";
const TYPE = "aws_hpc";

/**
 * Finds the table of a file that `start` reads; `undefined` when there is none.
 * @throws {AdapterError} `config` for more than one, which `start` refuses too
 */
export function findPlace(path: string, document: Table): TomlPlace | undefined {
  const found = [TABLE, "aws_hpc_worker_adapter", SHARED].flatMap((name) => {
    const value = document[name];
    const array = Array.isArray(value);
    const tables: readonly unknown[] = array ? value : [value];
    return tables.flatMap((table, index): readonly TomlPlace[] => {
      if (!isTable(table) || (name === SHARED && table["type"] !== TYPE)) return [];
      return [{ header: array ? `[[${name}]]` : `[${name}]`, index, table }];
    });
  });
  if (found.length <= 1) return found[0];
  const names = found.map(({ header }) => header).join(", ");
  const text = `${path}: expected one table that \`start\` reads, got ${names}; keep one, or name another file with --toml-file`;
  throw new AdapterError("config", text);
}

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
