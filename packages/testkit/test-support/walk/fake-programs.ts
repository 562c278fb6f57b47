import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cliProgram, nodeProgram } from "../../src/scaler/repository.ts";

/** Digest of the configuration of each image that the engine pushes. */
export const CONFIG_DIGEST = `sha256:${"c0".repeat(32)}`;

/**
 * Programs that stand first on the path: `npm`, which installs what was compiled here instead of what was published, and `docker`, which builds nothing, keeps what it was asked for
 * and pushes an empty image by that name to ECR.
 * @param notes file in which `docker` keeps the build arguments of the image that was pushed last
 */
export async function fakePrograms(bin: string, notes: string): Promise<void> {
  await mkdir(bin, { recursive: true });
  const programs = { npm: npm(bin), docker: docker(notes) };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
}

const npm = (bin: string): string => `#!/bin/sh
[ "$*" = "install -g scaler-aws-hpc" ] || { echo "npm: not known here: $*" >&2; exit 1; }
printf '#!/bin/sh\\nexec "%s" "%s" "$@"\\n' '${nodeProgram()}' '${cliProgram()}' > '${bin}/scaler-aws-hpc'
chmod +x '${bin}/scaler-aws-hpc'
echo "added 1 package"
`;

// Without a package.json above it this is CommonJS.
const docker = (notes: string): string => `#!/usr/bin/env node
const { createHash } = require("node:crypto");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const [command, ...args] = process.argv.slice(2);
const notes = ${JSON.stringify(notes)};
const known = () => { try { return JSON.parse(readFileSync(notes, "utf8")); } catch { return {}; } };
const keep = (more) => writeFileSync(notes, JSON.stringify({ ...known(), ...more }));
const idOf = (text) => "sha256:" + createHash("sha256").update(text).digest("hex");
const after = (flag) => args[args.indexOf(flag) + 1];
const fail = (text) => { console.error("docker: " + text); process.exit(1); };

if (command === "info") console.log("Server Version: none");
else if (command === "build") {
  const folder = args.at(-1);
  const said = args.flatMap((word, index) => (args[index - 1] === "--build-arg" ? [word] : []));
  // Of the Node runner: its package.json.
  const [file] = ["requirements.txt", "package.json"].map((name) => folder + "/" + name).filter(existsSync);
  const requirements = readFileSync(file, "utf8");
  const id = idOf(said.join() + requirements);
  keep({ [after("--tag")]: { id, arguments: said, requirements } });
  writeFileSync(after("--iidfile"), id);
  console.log("STEP 1/1: " + requirements.trim());
} else if (command === "image") console.log(known()[args.at(-1)]?.id ?? fail("no image " + args.at(-1)));
else if (command === "login") readFileSync(0, "utf8") === "" ? fail("no password") : console.log("Login Succeeded");
else if (command === "tag") keep({ [args[1]]: known()[args[0]] ?? fail("no image " + args[0]) });
else if (command === "push") void push(args[0]);
else fail("not known here: " + command);

async function push(image) {
  const { id, arguments: said } = known()[image] ?? fail("no image " + image);
  const [, region, repositoryName, imageTag] = /^\\d+\\.dkr\\.ecr\\.([^.]+)\\.amazonaws\\.com\\/(.+):([^:]+)$/.exec(image);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", size: 100, digest: "${CONFIG_DIGEST}" };
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [], annotations: { id } });
  const answer = await fetch(process.env.AWS_ENDPOINT_URL, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.PutImage",
      authorization: "AWS4-HMAC-SHA256 Credential=testing/20260101/" + region + "/ecr/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: JSON.stringify({ repositoryName, imageTag, imageManifest, imageDigest: idOf(imageManifest) }),
  });
  if (!answer.ok) fail(await answer.text());
  keep({ pushed: said });
  console.log(imageTag + ": pushed");
}
`;
