/** What a task's module sees instead of this package: to the runner a task is the function itself, and there is no client. */
export const STUB = `
const refuse = (what) => () => {
  throw new Error(what + ": there is no client in a runner. Put tasks into a module of their own, apart from the program that submits them.");
};
export const defineTask = (where, fn) =>
  typeof fn === "function" ? fn : refuse("the task " + fn + " lies in another module and cannot be called from this one");
export class Client {}
Client.connect = refuse("Client.connect");
export class ClientError extends Error {}
export class ObjectRef {}
export class TaskHandle {}
export class MapRun {}
export const NODE_CAPABILITY = "node";
export const isClientError = () => false;
export const taskFailure = () => undefined;
`;
