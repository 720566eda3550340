import type { AuditResult } from "../audit/index.ts";
import type { Store } from "../runs/index.ts";

/** A folder of a store. */
export const folderOf = (store: Store, folder: string): Store => ({
  read: (name) => store.read(`${folder}/${name}`),
  write: (name, content) => store.write(`${folder}/${name}`, content),
});

type Example = AuditResult["cells"][number]["nearest"];

/** The result of an audit whose files are in a folder of their own. */
export const inFolder = (result: AuditResult, folder: string): AuditResult => ({
  ...result,
  cells: result.cells.map((cell) => ({ ...cell, nearest: exampleIn(cell.nearest, folder), first: exampleIn(cell.first, folder) })),
});

function exampleIn(example: Example, folder: string): Example {
  if (!example?.files) return example;
  const { original, reconstruction } = example.files;
  return { ...example, files: { original: `${folder}/${original}`, reconstruction: `${folder}/${reconstruction}` } };
}

/** The images of an audit, by the names that its result has for them. */
export const filesOf = ({ cells }: AuditResult): readonly string[] =>
  cells.flatMap(({ nearest, first }) => [nearest, first].flatMap((example) => Object.values(example?.files ?? {})));
