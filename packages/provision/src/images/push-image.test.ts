import { describe, expect, it } from "vitest";
import { fakeEngines, WORKS } from "../../test-support/fake-engine.ts";
import type { ImageRegistry } from "./image-registry.ts";
import { checkPush, pushImage } from "./push-image.ts";

const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const REPOSITORY = `${HOST}/my-tasks`;
const DIGEST = `sha256:${"cd".repeat(32)}`;
const TAG = "ab".repeat(8);
const PASSWORD = "the-password-of-12-hours";

/** A repository that has these tags, and gets those that are asked for twice. */
function registry(tags: readonly string[] = [], appears = true): ImageRegistry {
  const asked = new Set<string>();
  return {
    login: async () => ({ registry: HOST, user: "AWS", password: PASSWORD }),
    digestOf: async (tag) => {
      const known = tags.includes(tag) || (appears && asked.has(tag));
      asked.add(tag);
      return known ? DIGEST : undefined;
    },
  };
}

describe("an image", () => {
  it("is pushed under a tag of its content, and known by its digest", async () => {
    await using engines = await fakeEngines({ docker: WORKS });
    const pushed = await pushImage({ image: "my-tasks:1", repository: REPOSITORY, registry: registry() });
    expect(pushed).toEqual({ uri: `${REPOSITORY}@${DIGEST}`, digest: DIGEST, tag: TAG, pushed: true });
    const calls = await engines.calls();
    expect(calls.slice(2).map(({ args }) => args)).toEqual([
      ["login", "--username", "AWS", "--password-stdin", HOST],
      ["tag", "my-tasks:1", `${REPOSITORY}:${TAG}`],
      ["push", `${REPOSITORY}:${TAG}`],
    ]);
    expect(calls.map(({ input }) => input)).toEqual(["", "", PASSWORD, "", ""]);
    for (const { seen } of calls) expect(seen).not.toContain(PASSWORD);
  });

  it("that is there already is not pushed again", async () => {
    await using engines = await fakeEngines({ docker: WORKS });
    const pushed = await pushImage({ image: "my-tasks:1", repository: REPOSITORY, registry: registry([TAG]) });
    expect(pushed).toMatchObject({ uri: `${REPOSITORY}@${DIGEST}`, pushed: false });
    expect((await engines.calls()).map(({ args }) => args[0])).toEqual(["info", "image"]);
  });

  it("does not take the tag of another", async () => {
    await using _engines = await fakeEngines({ docker: WORKS });
    const options = { image: "my-tasks:1", repository: REPOSITORY, tag: "v1", registry: registry(["v1"]) };
    await expect(pushImage(options)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("v1"),
    });
  });

  it("is refused before it is built, where the repository does not take it", async () => {
    const at = { repository: REPOSITORY, registry: registry(["v1"], false) };
    await expect(checkPush(at)).resolves.toBeUndefined();
    await expect(checkPush({ ...at, tag: "v2" })).resolves.toBeUndefined();
    await expect(checkPush({ ...at, tag: "v1" })).rejects.toMatchObject({ code: "conflict" });
    await expect(checkPush({ repository: "foo" })).rejects.toThrow("[config] --repository: expected ACCOUNT");
    await expect(checkPush({ repository: `${REPOSITORY}:v1` })).rejects.toThrow("without a tag");
  });

  it("is refused by name when it is not there, when login fails, and where no repository can be", async () => {
    const fails = `${WORKS} if (args[0] === "login") { console.error("denied: " + call.input.length); process.exit(1); }`;
    await using _engines = await fakeEngines({ docker: fails, podman: `if (args[0] === "image") process.exit(1);` });
    const options = { image: "my-tasks:1", repository: REPOSITORY, registry: registry() };
    const failed = await pushImage(options).catch(String);
    expect(failed).toContain(`docker login for ${REPOSITORY} failed: denied: ${PASSWORD.length}`);
    expect(failed).not.toContain(PASSWORD);
    await expect(pushImage({ ...options, engine: "podman" })).rejects.toThrow("podman has no my-tasks:1; build it");
    await expect(pushImage({ ...options, tag: "-x y" })).rejects.toThrow("[config] --repository-tag: expected letters");
    const elsewhere = pushImage({ image: "my-tasks:1", repository: "example.org/my-tasks" });
    await expect(elsewhere).rejects.toThrow(
      "[config] --repository: expected ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME",
    );
  });
});
