import { type Command, decodeCommand } from "../messages/commands.ts";
import { MessageReader } from "../messages/message-reader.ts";
import { supervisorIsGone } from "./report-pipe.ts";

/** Hears the supervisor. The end of the pipe is the end of this process. */
export function listen(fd: number, hear: (command: Command) => void): void {
  const reader = new MessageReader((kind, body) => hear(decodeCommand(kind, body)));
  const { Socket } = process.getBuiltinModule("node:net");
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("data", (part: Buffer) => reader.push(part));
  socket.on("error", supervisorIsGone);
  socket.on("close", supervisorIsGone);
}
