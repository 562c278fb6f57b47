const name: string = process.argv[2] ?? "";
export const load = async (): Promise<unknown> => await import(name);
