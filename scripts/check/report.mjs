import { run } from "../setup/child.mjs";

/** What was checked so far. */
export const counts = { passed: 0, failed: 0 };

/**
 * Does one check and prints one line with its time; what was wrong follows only if it failed.
 * @param {string} name
 * @param {() => Promise<string | undefined>} look resolves to what is wrong, or to nothing
 * @returns {Promise<boolean>} whether it passed
 */
export async function check(name, look) {
  const began = performance.now();
  const wrong = await look().catch((reason) => String(reason?.stack ?? reason));
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
  if (wrong === undefined) counts.passed += 1;
  else counts.failed += 1;
  process.stdout.write(`${wrong === undefined ? "ok  " : "FAIL"} ${seconds} s  ${name}\n`);
  if (wrong !== undefined) process.stdout.write(`${wrong.trim().replace(/^/gm, "     ")}\n`);
  return wrong === undefined;
}

/**
 * A check that is a program: its exit code must be 0, and its output must be what is expected.
 * @param {string} name
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, expect?: RegExp }} [options]
 */
export async function checkProgram(name, file, args, { expect, ...options } = {}) {
  return await check(name, async () => {
    const { code, output } = await run(file, args, { capture: true, ...options });
    if (code !== 0) return `exit code ${code}\n${output}`;
    if (expect !== undefined && !expect.test(output)) return `expected ${expect}, got\n${output}`;
    return undefined;
  });
}
