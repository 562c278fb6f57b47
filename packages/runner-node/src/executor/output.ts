import { Writable } from "node:stream";
import type { OutputRing } from "../threads/output-ring.ts";

/**
 * Puts the thread's stdout and stderr into rings, for `console` as well. Worker threads would send what is written to the main thread by
 * messages, of which a task that never lets its event loop turn gets only the first one out.
 */
export function captureOutput(out: OutputRing, err: OutputRing): void {
  replace("stdout", out, 1);
  replace("stderr", err, 2);
}

function replace(name: "stdout" | "stderr", ring: OutputRing, fd: number): void {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      ring.write(chunk);
      done();
    },
  });
  Object.defineProperty(process, name, {
    value: Object.assign(stream, { fd }),
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
