import { join, resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "..");

/** The sources behind the names of the package. */
export const packages = { gradleak: join(root, "src/index.ts"), "gradleak/node": join(root, "src/node/index.ts") } as const;

/**
 * What the compiler says of texts that nobody saved, each as a file in the root, in their order. They
 * import the package by its names.
 */
export function complaintsOf(texts: readonly string[], loose: ts.CompilerOptions): readonly (readonly string[])[] {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const paths = Object.fromEntries(Object.entries(packages).map(([name, source]) => [name, [source]]));
  const settings = { ...options, ...loose, paths };
  const files = new Map(texts.map((text, i) => [join(root, `unsaved-${i}.ts`), text]));
  const host = ts.createCompilerHost(settings);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => files.get(resolve(file)) ?? readFile.call(host, file);
  host.fileExists = (file) => files.has(resolve(file)) || fileExists.call(host, file);
  host.getSourceFile = (file, language) => {
    const own = files.get(resolve(file));
    return own === undefined ? getSourceFile.call(host, file, language) : ts.createSourceFile(file, own, language);
  };
  const program = ts.createProgram([...files.keys()], settings, host);
  return [...files.keys()].map((path) => {
    const file = program.getSourceFile(path)!;
    const said = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  });
}
