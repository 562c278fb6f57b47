/** How the text begins that a Python worker fails a JavaScript task with. */
export const NO_RUNNER_MARK = "this task is JavaScript";

/** What that error says, and what a client says of it. */
export const NO_RUNNER_TEXT =
  `${NO_RUNNER_MARK}: a Python worker cannot run it, it needs a worker manager with a Node runner that advertises the capability node. ` +
  "Start scaler-aws-hpc with --per-worker-capabilities node, and the scheduler with " +
  '--policy-content "allocate=capability; scaling=no" so that tasks go only to workers that have what they ask for.';

/**
 * What a Python process gets that unpickles our serializer: an object with Scaler's two methods. `deserialize` answers with
 * something that can be called like any function and raises RuntimeError then, inside the guard that all releases have around
 * a task. It does not raise by itself, because releases up to 2.3.5 have no guard there and lose the processor process.
 *
 * `__name__` is on the instances because workers name jobs by it; other attributes raise the same error, but those that Python
 * itself looks for (`__deepcopy__`, ...) must be absent rather than fail.
 */
export const PYTHON_STAND_IN = `
class JavaScriptTask:
    def __init__(self):
        self.__name__ = self.__qualname__ = "javascript"
    def __call__(self, *arguments, **named):
        raise RuntimeError(TEXT)
    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        raise RuntimeError(TEXT)
    def serialize(self, value=None):
        raise RuntimeError(TEXT)
    def deserialize(self, payload=None):
        return self
TEXT = ${JSON.stringify(NO_RUNNER_TEXT)}
serializer = JavaScriptTask()
`;
