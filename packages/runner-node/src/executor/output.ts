import type { Writable as WritableStream } from "node:stream";
import { TAIL_BYTES } from "../messages/output-tail.ts";
import type { ReportPipe } from "./report-pipe.ts";

/** Puts what is written to the process's stdout and stderr, also by `console`, into the reports, where it stands between the tasks that it belongs to. */
export function captureOutput(reports: ReportPipe): void {
  replace("stdout", 1, (bytes) => reports.output("out", bytes));
  replace("stderr", 2, (bytes) => reports.output("err", bytes));
}

function replace(name: "stdout" | "stderr", fd: number, write: (bytes: Uint8Array) => void): void {
  let stream: WritableStream | undefined;
  const open = (): WritableStream => {
    // Loaded when something is printed: most tasks print nothing.
    const { Writable } = process.getBuiltinModule("node:stream");
    const made = new Writable({
      write(chunk: Buffer, _encoding, done) {
        // A little more than is kept, so that its reader sees that it was cut.
        write(chunk.subarray(-TAIL_BYTES - 4));
        done();
      },
    });
    return Object.assign(made, { fd });
  };
  Object.defineProperty(process, name, {
    get: () => {
      stream ??= open();
      return stream;
    },
    configurable: true,
    enumerable: true,
  });
}
