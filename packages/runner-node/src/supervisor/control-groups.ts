import { readFileSync } from "node:fs";

/** Files of the control groups that this process is in, the own group's first, then its parents'. A container sees its own group as the root of the mount. */
export function memoryFiles(name: string, oldName: string, root = ""): string[] {
  const files: string[] = [];
  for (const line of (textOf(`${root}/proc/self/cgroup`) ?? "").split("\n")) {
    const [, controllers, path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") files.push(...alongPath(`${root}/sys/fs/cgroup`, path, name));
    else if (controllers?.split(",").includes("memory")) {
      files.push(...alongPath(`${root}/sys/fs/cgroup/memory`, path, oldName));
    }
  }
  return files;
}

function alongPath(mount: string, path: string, file: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return ["", ...parts].map((_, up) => [mount, ...parts.slice(0, parts.length - up), file].join("/"));
}

/** A file's text, if it can be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
