import { datasets } from "../data/index.ts";
import { concise, type PartSpec } from "../parts/index.ts";
import { type Flag, takesMany } from "./flag.ts";
import { placesText } from "./flag-values.ts";
import { flagsOf } from "./flags.ts";
import type { Spec } from "./plan.ts";
import type { Places } from "./sources.ts";

/**
 * The flags that a user typed: one text per flag, or several if the flag takes several. The key is
 * the flag's name without dashes, in camel case.
 */
export type GivenFlags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** The key of a flag among given flags: "--delta-space" is deltaSpace. */
const keyOf = ({ name }: Pick<Flag, "name">): string => name.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

type Fields = { [name: string]: unknown };

/** Sets a value at a path and creates the records along it. */
function put(fields: Fields, path: string, value: unknown): void {
  const [first = "", ...rest] = path.split(".");
  if (rest.length === 0) fields[first] = value;
  else {
    fields[first] ??= {};
    put(fields[first] as Fields, rest.join("."), value);
  }
}

const get = (fields: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((at, step) => (at as Fields | undefined)?.[step], fields);

/**
 * The part of a spec that flags state. Data, weights and tuned attacks are files, which the caller
 * adds.
 *
 * @throws LeakageError `spec` that names a flag whose value is wrong.
 */
export function specOf(command: Spec["command"], given: GivenFlags): Fields {
  const spec: Fields = { command };
  for (const flag of flagsOf[command]) {
    const value = given[keyOf(flag)];
    if (value === undefined) continue;
    if (takesMany(flag))
      put(
        spec,
        flag.path,
        [value].flat().map((text) => flag.read(String(text))),
      );
    else put(spec, flag.path, flag.read(String(value)));
  }
  return spec;
}

/** A word, quoted for a shell if necessary. */
export const quoted = (word: string): string => (/^[\w./:=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/**
 * The command that makes a result again.
 *
 * @param places the places that the user stated. If flags cannot say something without a place, the
 * command runs the result's own spec.
 */
export function commandLine(spec: Spec, places: Places): string {
  const sources = sourceWords(spec, places);
  if (!sources) {
    const files = words(
      ["--data", places.data],
      ["--data-path", places.dataPath],
      ["--weights", places.weights],
      ["--update", places.update],
      ["--partition-file", places.partition],
    );
    return [`gradleak run ${spec.command === "tune" ? "tuned" : "result"}.json`, ...files, ...truthWords(places)].join(" ");
  }
  const flags = flagsOf[spec.command].flatMap((flag) => {
    // A tuned attack is named by its file.
    if (flag.path.startsWith("attack") && places.tuned?.length && spec.command !== "audit") return [];
    const value = flag.path === "attacks" && spec.command === "audit" ? untuned(spec) : get(spec, flag.path);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    const texts = flag.write(value).map(quoted);
    return texts.flatMap((text) => [flag.name, text]);
  });
  return [`gradleak ${spec.command}`, ...sources, ...flags, ...labelWords(spec)].join(" ");
}

const truthWords = ({ truth }: Places): readonly string[] => (truth ? ["--truth", ...truth.map(quoted)] : []);

/** The attacks of an audit that come from no tuned file. */
const untuned = ({ attacks, tuned = [] }: Extract<Spec, { command: "audit" }>): readonly PartSpec[] =>
  attacks.filter((attack) => !tuned.some((record) => JSON.stringify(record.attack) === JSON.stringify(attack)));

const words = (...pairs: readonly (readonly [string, string | undefined])[]): readonly string[] =>
  pairs.flatMap(([flag, text]) => (text === undefined ? [] : [flag, quoted(text)]));

/** The known labels of an inverted update use the same flag as the policy. */
const labelWords = (spec: Spec): readonly string[] =>
  spec.command === "invert" ? ["--labels", spec.knownLabels ? placesText(spec.knownLabels) : spec.labels] : [];

/**
 * The words that say where data, weights and tuned attacks lie; undefined if flags cannot say it.
 */
function sourceWords(spec: Spec, places: Places): readonly string[] | undefined {
  if (spec.command === "tune") return undefined;
  if (spec.command === "audit" && spec.clients) return undefined;
  const tuned = "tuned" in spec ? (spec.tuned?.length ?? 0) : 0;
  if (tuned !== (places.tuned?.length ?? 0)) return undefined;
  const weights = spec.client.weights.kind === "file" ? places.weights : undefined;
  if (spec.client.weights.kind === "file" && weights === undefined) return undefined;
  const files = [...words(["--weights", weights]), ...(places.tuned ?? []).flatMap((file) => ["--tuned", quoted(file)])];
  if (spec.command === "invert")
    return places.update === undefined ? undefined : [...words(["--update", places.update]), ...files, ...truthWords(places)];
  const stated = spec.command === "train" && spec.partition.kind === "file";
  if (stated && places.partition === undefined) return undefined;
  files.push(...words(["--partition-file", stated ? places.partition : undefined]));
  const { set } = spec.data;
  if (datasets.build(set).reads !== "folder")
    return [...words(["--data", concise(datasets, set)], ["--data-path", places.dataPath]), ...files];
  return places.data === undefined ? undefined : [...words(["--data", places.data]), ...folderWords(set), ...files];
}

/** The words for a folder's parameters: the folder itself is named by its path. */
const folderWords = ({ kind: _, ...params }: PartSpec): readonly string[] =>
  Object.entries(params).flatMap(([name, value]) =>
    value === null ? [] : [`--${name}`, Array.isArray(value) ? value.join("x") : String(value)],
  );
