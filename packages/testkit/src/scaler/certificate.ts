import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { HarnessError } from "./harness-error.ts";

/** A self-signed certificate for 127.0.0.1 and localhost; the certificate is its own authority. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes one with the `openssl` program, valid for two days. @throws {HarnessError} `missing` */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const certFile = join(folder, "cert.pem");
  const keyFile = join(folder, "key.pem");
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  try {
    await promisify(execFile)("openssl", [...args, ...names, "-keyout", keyFile, "-out", certFile]);
  } catch (cause) {
    throw new HarnessError("missing", "openssl could not make a certificate", { cause });
  }
  return { certFile, keyFile };
}
