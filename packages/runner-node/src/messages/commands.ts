import { HEAD_BYTES, writeHead } from "./message-reader.ts";
import type { RunPack } from "./pack.ts";

const RUN = 1;
const SKIP = 2;

/** Loaded when it is needed: a runner that a launcher started gives no commands. */
const v8 = () => process.getBuiltinModule("node:v8");

/** What the supervisor tells an executor. */
export type Command =
  | { readonly type: "run"; readonly pack: RunPack }
  /** These tasks of the pack are not wanted any more. */
  | { readonly type: "skip"; readonly tasks: readonly number[] };

/** The bytes of a command. */
export function encodeCommand(command: Command): Buffer {
  const body = v8().serialize(command.type === "run" ? command.pack : command.tasks);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  writeHead(bytes, 0, command.type === "run" ? RUN : SKIP, body.length);
  bytes.set(body, HEAD_BYTES);
  return bytes;
}

/** Reads a command: only an executor does, which trusts its supervisor. */
export function decodeCommand(kind: number, body: Buffer): Command {
  if (kind === RUN) return { type: "run", pack: v8().deserialize(body) as RunPack };
  return { type: "skip", tasks: kind === SKIP ? (v8().deserialize(body) as number[]) : [] };
}
