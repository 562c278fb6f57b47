import { expect, it } from "vitest";
import { marksText, newMarks, parseVersion, replacedText, versionText } from "./version.ts";

const written = (etag: string, marks: readonly string[]): string =>
  versionText({ ETag: `"${etag}"`, Metadata: { "scaler-put": marksText(marks) } });

it("writes S3's etag and the marks of a version, and reads them", () => {
  const marks = newMarks(undefined);
  expect(marks).toEqual([expect.stringMatching(/^[A-Za-z0-9_-]{8}$/)]);
  expect(parseVersion(written("abc-2", marks))).toEqual({ etag: "abc-2", marks });
  expect(versionText({ ETag: '"abc"' })).toBe("abc");
  expect(parseVersion("abc")).toEqual({ etag: "abc", marks: [] });
});

it("gives each put another mark, before those that it replaces, sixteen at most", () => {
  let version = parseVersion("e");
  const seen: string[] = [];
  for (let i = 0; i < 20; i += 1) {
    const marks = newMarks(version);
    seen.unshift(marks[0] ?? "");
    expect(marks).toEqual(seen.slice(0, 16));
    version = parseVersion(written("e", marks));
  }
  expect(new Set(seen).size).toBe(20);
});

it("takes no metadata of others for marks", () => {
  for (const strange of ["a b", "ä", "x".repeat(500), ""]) {
    expect(versionText({ ETag: '"abc"', Metadata: { "scaler-put": strange } })).toBe("abc");
  }
});

it.each(["", 'a"b', "a b", "ä", "a~b c", "~abc"])("knows that no object has the etag %o", (etag) => {
  expect(parseVersion(etag)).toBeUndefined();
});

it("makes an etag for a version that is no more, which S3 gives to none", () => {
  expect(parseVersion(replacedText(["m1"]))).toEqual({ etag: "replaced", marks: ["m1"] });
});
