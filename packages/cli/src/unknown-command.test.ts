import { expect, it } from "vitest";
import { describeUnknownCommand } from "./unknown-command.ts";

const KNOWN = ["start", "doctor", "config show", "provision plan", "provision apply"];

it.each([
  [
    ["provision", "plan", "extra", "-x"],
    'provision plan takes no argument "extra"; see `scaler-aws-hpc provision plan --help`',
  ],
  [["provision", "plam"], 'there is no command "provision plam"; did you mean `scaler-aws-hpc provision plan`?'],
  [["provision", "bogus"], 'there is no command "provision bogus"; see `scaler-aws-hpc provision --help`'],
  [["confg", "show"], 'there is no command "confg show"; did you mean `scaler-aws-hpc config show`?'],
  [["provision", "zzzzzzzz"], 'there is no command "provision zzzzzzzz"; see `scaler-aws-hpc provision --help`'],
  [["strat", "tcp://a:1"], 'there is no command "strat tcp://a:1"; did you mean `scaler-aws-hpc start`?'],
  [["zzzzzzz"], 'there is no command "zzzzzzz"; see `scaler-aws-hpc --help`'],
])("%j: %s", (argv, text) => {
  expect(describeUnknownCommand(argv, KNOWN)).toBe(text);
});
