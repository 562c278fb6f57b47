import { expect, it } from "vitest";
import { assertRegion } from "./identity.ts";

it.each(["", "eu-west-1 ", "eu central 1", "example.org/"])(
  "refuses %j as a region before anybody is asked",
  (region) => {
    expect(() => assertRegion(region)).toThrow(
      /^\[config\] --region: expected a region of AWS, such as eu-west-1, got "/,
    );
  },
);

it.each(["eu-west-1", "us-gov-east-1", "cn-north-1", "ap-southeast-5"])("takes %s", (region) => {
  expect(() => assertRegion(region)).not.toThrow();
});
