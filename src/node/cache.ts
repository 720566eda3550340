import envPaths from "env-paths";

/** The default folder for fetched data sets: the user's cache folder on this system. */
export const defaultCache = (): string => envPaths("gradleak", { suffix: "" }).cache;
