import { expect, it } from "vitest";
import { authorization, EMPTY_SHA256, percent, percentPath } from "./sign.ts";

// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const keys = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: undefined,
};
const common = { host: "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z" };
const signature = (text: string): string => /Signature=([0-9a-f]{64})$/.exec(text)?.[1] ?? text;

it("signs a get with a range as the service's documentation does", () => {
  const headers = { ...common, range: "bytes=0-9", "x-amz-content-sha256": EMPTY_SHA256 };
  const request = { method: "GET", path: "/test.txt", query: "", headers };
  expect(authorization(request, keys, "us-east-1")).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
});

it("signs a put, and queries with and without values, as the service's documentation does", () => {
  const put = {
    ...common,
    date: "Fri, 24 May 2013 00:00:00 GMT",
    "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
  };
  const path = percentPath("/test$file.text");
  expect(signature(authorization({ method: "PUT", path, query: "", headers: put }, keys, "us-east-1"))).toBe(
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  );
  const headers = { ...common, "x-amz-content-sha256": EMPTY_SHA256 };
  const get = (query: string) =>
    signature(authorization({ method: "GET", path: "/", query, headers }, keys, "us-east-1"));
  expect(get("lifecycle=")).toBe("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  expect(get("max-keys=2&prefix=J")).toBe("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
});

it("encodes what the signature wants encoded, and nothing else", () => {
  expect(percent("aZ0-._~")).toBe("aZ0-._~");
  expect(percent("a b/c!'()*ä")).toBe("a%20b%2Fc%21%27%28%29%2A%C3%A4");
  expect(percentPath("/a b/c$")).toBe("/a%20b/c%24");
});
