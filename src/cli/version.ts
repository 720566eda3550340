import { readFileSync } from "node:fs";

const packageOf = (url: URL): { version: string; dependencies: Record<string, string> } => JSON.parse(readFileSync(url, "utf8"));
const own = packageOf(new URL("../../package.json", import.meta.url));

/** The version of this package. */
export const version = own.version;

/** The versions that a result depends on in addition to its spec. */
export const versions = {
  gradleak: version,
  "onnxruntime-node": own.dependencies["onnxruntime-node"]!,
  node: process.versions.node,
} as const;
