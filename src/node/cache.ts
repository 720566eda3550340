import envPaths from "env-paths";

/** Where fetched data sets are kept by default: the user's cache folder of this system. */
export const defaultCache = (): string => envPaths("gradleak", { suffix: "" }).cache;
