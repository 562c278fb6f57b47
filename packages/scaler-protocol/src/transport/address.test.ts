import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "./address.ts";

describe("parseAddress", () => {
  it.each([
    ["tcp://127.0.0.1:8516", { scheme: "tcp", host: "127.0.0.1", port: 8516, path: "" }],
    ["tcp://127.0.0.1:8516/", { scheme: "tcp", host: "127.0.0.1", port: 8516, path: "" }],
    ["tls://scheduler.example.org:1", { scheme: "tls", host: "scheduler.example.org", port: 1, path: "" }],
    ["ws://localhost:65535", { scheme: "ws", host: "localhost", port: 65_535, path: "/" }],
    ["wss://a_b-c:80/x/y?z=1", { scheme: "wss", host: "a_b-c", port: 80, path: "/x/y?z=1" }],
    ["tcp://[::1]:8516", { scheme: "tcp", host: "::1", port: 8516, path: "" }],
    ["tcp://::1:8516", { scheme: "tcp", host: "::1", port: 8516, path: "" }],
  ])("reads %s", (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  it.each([
    ["127.0.0.1:8516", /there is no scheme/],
    ["http://host:1", /scheme "http" is not spoken here; expected tcp:/],
    ["ipc://path", /scheme "ipc"/],
    ["tcp://host", /there is no port/],
    ["tcp://host:", /port "" is not a number from 1 to 65535/],
    ["tcp://host:0", /port "0"/],
    ["tcp://host:65536", /port "65536"/],
    ["tcp://host:8a", /port "8a"/],
    ["tcp://:8516", /host "" is not a name/],
    ["tcp://bad host:8516", /host "bad host"/],
    ["tcp://[nonsense]:8516", /host "\[nonsense\]"/],
    ["tcp://host:8516/path", /takes no path, got "\/path"/],
    ["ws://host:1/a b", /characters that a URL may not hold/],
  ])("refuses %s and says why", (text, message) => {
    expect(() => parseAddress(text)).toThrow(message);
    expect(() => parseAddress(text)).toThrow(/^\[address\]/);
  });

  it.each(["tcp://127.0.0.1:8516", "ws://host:1/x", "tls://[::1]:99"])("writes %s as it was read", (text) => {
    expect(formatAddress(parseAddress(text))).toBe(text);
  });
});
