import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { type RawPart, readPart, splitChain } from "./flag-text.ts";
import { nearest } from "./nearest.ts";
import { describeParameter, expectation, type Parameter, partMark, readValue, withArticle } from "./parameter.ts";
import type { AnyPart, Json, PartSpec } from "./part.ts";

/** A part, as help and docs show it. */
export interface Row {
  readonly kind: string;
  readonly doc: string;
  readonly params: readonly Parameter[];
}

/**
 * All parts of one kind of thing, such as all defenses. A catalogue turns flag text or data into a
 * checked spec, and the spec into the thing itself.
 */
export interface Catalogue<Built, Context extends readonly unknown[] = [], Spec = PartSpec> {
  /** The noun for one part, in the singular: "defense". */
  readonly noun: string;
  readonly parts: readonly AnyPart<Context, unknown>[];
  /**
   * Checks a part and fills in its defaults.
   *
   * @param input flag text (`gaussian:sigma=0.1`) or `{ kind, ...params }`, with or without
   * defaults.
   * @returns plain data with every parameter.
   * @throws LeakageError `spec` that names the part and the parameter, and says what is allowed and
   * what was given.
   */
  parse(input: unknown): Spec;
  /** Parses the input, then builds the thing. */
  build(input: unknown, ...context: Context): Built;
  /** Lists all parts, for help and docs. */
  list(): readonly Row[];
}

/** A chain of parts, applied in order. A chain of one part is written as that part. */
export type Chain = PartSpec | readonly PartSpec[];

/**
 * Makes a catalogue of parts. Parts that need more than their parameters share a context, declared
 * as `catalogue<Model, [Task]>(…)`.
 *
 * @param noun the singular name of the parts, for errors.
 * @throws LeakageError `spec` if two parts have the same kind.
 * @example
 * ```ts
 * import { catalogue, part } from "gradleak";
 * import { z } from "zod";
 *
 * const shift = part({
 *   kind: "shift",
 *   doc: "Adds a constant.",
 *   params: { by: z.number().default(1).describe("The constant.") },
 *   build: ({ by }) => (x: number) => x + by,
 * });
 * const changes = catalogue("change", [shift]);
 * changes.parse("shift"); // { kind: "shift", by: 1 }
 * changes.build("shift:by=2")(3); // 5
 * ```
 */
export function catalogue<Built, Context extends readonly unknown[] = []>(
  noun: string,
  parts: readonly AnyPart<Context, Built>[],
): Catalogue<Built, Context> {
  const byKind = new Map(parts.map((part) => [part.kind, part]));
  if (byKind.size < parts.length) throw new LeakageError("spec", `Two parts of the ${noun} catalogue have the same kind.`);

  const find = (kind: string) => {
    const found = byKind.get(kind);
    if (found) return found;
    throw new LeakageError("spec", `There is no ${noun} ${quote(kind)}.${suggestion(kind, [...byKind.keys()])}`);
  };
  const parse = (input: unknown): PartSpec => {
    if (typeof input !== "string") return check(noun, find(kindOf(noun, input)), input as Record<string, unknown>);
    const links = splitChain(input, noun);
    if (links.length > 1) throw new LeakageError("spec", `Expected one ${noun}, not a chain of ${links.length}; got ${quote(input)}.`);
    const raw = readPart(links[0]!, noun);
    return readRaw(noun, find(raw.kind), raw);
  };
  return {
    noun,
    parts,
    parse,
    build(input, ...context) {
      const { kind, ...params } = parse(input);
      return find(kind).build(params as never, ...context);
    },
    list: () =>
      parts.map(({ kind, doc, params }) => ({
        kind,
        doc,
        params: Object.entries(params).map(([name, type]) => describeParameter(name, type)),
      })),
  };
}

/**
 * Makes a catalogue whose parts can be chained with `+`. In a spec, a single part stays as it is,
 * and several parts are a list.
 *
 * @param join combines several built parts in order. It is not called for a single part.
 */
export function chainable<Built, Context extends readonly unknown[]>(
  links: Catalogue<Built, Context>,
  join: (links: readonly Built[]) => Built,
): Catalogue<Built, Context, Chain> {
  const all = (input: unknown): readonly PartSpec[] => {
    const list: unknown[] = typeof input === "string" ? splitChain(input, links.noun) : [input].flat();
    if (!list.length) throw new LeakageError("spec", `Expected at least one ${links.noun}; got an empty list.`);
    return list.map((link) => links.parse(link));
  };
  return {
    ...links,
    parse(input) {
      const specs = all(input);
      return specs.length === 1 ? specs[0]! : specs;
    },
    build(input, ...context) {
      const built = all(input).map((spec) => links.build(spec, ...context));
      return built.length === 1 ? built[0]! : join(built);
    },
  };
}

/**
 * The type of a parameter that is itself a part: `(gaussian:sigma=0.1)` in a flag,
 * `{ kind, ...params }` in a spec. The catalogue is passed as a function so that two catalogues can
 * refer to each other.
 */
export function nested<Spec>(noun: string, inner: () => { parse(input: unknown): Spec }) {
  return z
    .unknown()
    .transform((input) => inner().parse(input))
    .meta({ [partMark]: noun });
}

function kindOf(noun: string, input: unknown): string {
  const kind = typeof input === "object" && input !== null && "kind" in input ? input.kind : undefined;
  if (typeof kind === "string") return kind;
  throw new LeakageError("spec", `Expected ${withArticle(noun)} as text or { kind, ...params }; got ${show(input)}.`);
}

function readRaw(noun: string, part: AnyPart<never, unknown>, { values }: RawPart): PartSpec {
  const input: Record<string, unknown> = { kind: part.kind };
  for (const [name, text] of values) {
    const type = parameterType(noun, part, name);
    const value = readValue(text, type, `${noun} ${part.kind}: ${name}`);
    if (value === undefined) throw refusal(noun, part, name, text);
    input[name] = value;
  }
  return check(noun, part, input);
}

function parameterType(noun: string, part: AnyPart<never, unknown>, name: string): z.core.$ZodType {
  const names = Object.keys(part.params);
  if (names.includes(name)) return part.params[name]!;
  const hint = names.length ? suggestion(name, names) : " It has none.";
  throw new LeakageError("spec", `${noun} ${part.kind} has no parameter ${quote(name)}.${hint}`);
}

/**
 * The schemas of parts that were read before. zod compiles each schema when it is first used, which
 * takes as long as several steps of a small network.
 */
const schemas = new WeakMap<AnyPart<never, unknown>, z.ZodObject>();

function schemaOf(part: AnyPart<never, unknown>): z.ZodObject {
  const schema = schemas.get(part) ?? z.object(part.params);
  schemas.set(part, schema);
  return schema;
}

function check(noun: string, part: AnyPart<never, unknown>, { kind, ...input }: Record<string, unknown>): PartSpec {
  for (const name of Object.keys(input)) parameterType(noun, part, name);
  // JSON has no infinity, so a parameter that allows it takes its name.
  const named = Object.fromEntries(Object.entries(input).map(([name, value]) => [name, value === Infinity ? "Infinity" : value]));
  const result = schemaOf(part).safeParse(named);
  if (result.success) return { kind: part.kind, ...(withoutUndefined(result.data) as Record<string, Json>) };
  const name = String(result.error.issues[0]?.path[0]);
  throw refusal(noun, part, name, input[name]);
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function refusal(noun: string, part: AnyPart<never, unknown>, name: string, came: unknown): LeakageError {
  const expected = expectation(part.params[name]!);
  const got = came === undefined ? "it is missing" : `got ${typeof came === "string" ? quote(came) : show(came)}`;
  return new LeakageError("spec", `${noun} ${part.kind}: ${name} must be ${expected}; ${got}.`);
}

function suggestion(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return `${near ? ` Did you mean ${near}?` : ""} Allowed: ${[...names].sort().join(", ")}.`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function show(value: unknown): string {
  if (typeof value === "number" || value === null || value === undefined) return String(value);
  return quote(JSON.stringify(value) ?? typeof value);
}
