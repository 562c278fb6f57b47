// @ts-expect-error: it is not installed, that is the case
import thing from "no-such-package-at-all";

export const use = (): unknown => thing;
