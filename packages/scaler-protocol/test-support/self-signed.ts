import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate that is its own authority. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

/** Makes one with the `openssl` program. */
export function selfSigned(names = "IP:127.0.0.1,DNS:localhost"): SelfSigned {
  const folder = mkdtempSync(join(tmpdir(), "scaler-protocol-tls-"));
  try {
    const cert = join(folder, "cert.pem");
    const key = join(folder, "key.pem");
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"].concat([
        ...["-subj", "/CN=localhost", "-addext", `subjectAltName=${names}`],
        ...["-keyout", key, "-out", cert],
      ]),
      { stdio: "ignore" },
    );
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
