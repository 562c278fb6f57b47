import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer; `stall` gives none. */
export type Answer =
  | "stall"
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> };

/** A request as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server that answers as a test says: for what no S3 does on demand. */
export interface ScriptedS3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly asked: Asked[];
  /** Decides the answers from now on. */
  script(answer: (asked: Asked, nth: number) => Answer): void;
}

/** An error in the words of S3. */
export function refusal(status: number, code: string, message = "", more = ""): Exclude<Answer, "stall"> {
  return { status, body: `<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>` };
}

/** A page of a list. */
export function listing(names: readonly string[], more = ""): Answer {
  const objects = names.map(
    (name) =>
      `<Contents><Key>${name}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`,
  );
  return {
    status: 200,
    body: `<ListBucketResult><IsTruncated>false</IsTruncated>${objects.join("")}${more}</ListBucketResult>`,
  };
}

/** Starts one; it answers with empty lists until it is told otherwise. */
export async function startScriptedS3(): Promise<ScriptedS3> {
  const asked: Asked[] = [];
  let answerTo: (asked: Asked, nth: number) => Answer = () => listing([]);
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, path: url, headers, body: Buffer.concat(pieces).toString() };
      asked.push(one);
      const answer = answerTo(one, asked.length);
      if (answer === "stall") return;
      const length = { "content-length": String(Buffer.byteLength(answer.body ?? "")) };
      response.writeHead(answer.status, { "content-type": "application/xml", ...length, ...answer.headers });
      response.end(method === "HEAD" ? undefined : answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    script(answer) {
      asked.length = 0;
      answerTo = answer;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
