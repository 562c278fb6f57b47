import type { ChildProgram } from "../scaler/index.ts";

/** One structured log line of our manager. */
export interface ManagerLogLine {
  readonly level: string;
  readonly msg: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The log lines with this message so far, in order. */
export function managerLog(manager: ChildProgram, message: string): ManagerLogLine[] {
  const found: ManagerLogLine[] = [];
  for (const text of manager.logs.text.split("\n")) {
    const line = text.startsWith("{") && text.includes(message) ? parse(text) : undefined;
    if (line?.msg === message) found.push(line);
  }
  return found;
}

function parse(text: string): ManagerLogLine | undefined {
  try {
    const fields = JSON.parse(text) as Record<string, unknown>;
    const { level, msg, time } = fields;
    return { level: String(level), msg: String(msg), at: Date.parse(String(time)), fields };
  } catch {
    // The last line may be half there.
    return undefined;
  }
}
