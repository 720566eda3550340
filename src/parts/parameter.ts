import { z } from "zod";
import { formatValue, numeral, splitOutside } from "./flag-text.ts";
import type { Json } from "./part.ts";

/** The zod metadata key that marks a nested part. Its value is the catalogue's noun. */
export const partMark = "part";

/** A parameter, as help and docs show it. */
export interface Parameter {
  readonly name: string;
  /** The type in words: "number", "list of integers", "one of l1, squared". */
  readonly type: string;
  /** The range in words: "> 0", "from 1 to 5". Empty if every value of the type is allowed. */
  readonly range: string;
  /** The default as a flag writes it; absent if the parameter is required. */
  readonly default?: string;
  readonly doc: string;
}

/**
 * What flags, help and errors need to know of a type: its JSON Schema, with a mark on nested parts.
 */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema | false;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly default?: Json;
  readonly description?: string;
  readonly [partMark]?: string;
}

function schemaOf(type: z.ZodType | z.core.$ZodType): Schema {
  return z.toJSONSchema(type as z.ZodType, { io: "input", unrepresentable: "any" }) as unknown as Schema;
}

/** The help row of a parameter. */
export function describeParameter(name: string, type: z.core.$ZodType): Parameter {
  const schema = schemaOf(type);
  return {
    name,
    type: typeText(schema),
    range: rangeText(schema),
    ...(schema.default !== undefined && {
      default: typeof schema.default === "string" && schema[partMark] ? schema.default : formatValue(schema.default),
    }),
    doc: schema.description ?? "",
  };
}

/** What a parameter accepts, in words: "a list of integers, each >= 1". */
export function expectation(type: z.core.$ZodType): string {
  const schema = schemaOf(type);
  const range = rangeText(schema);
  const text = range ? `${typeText(schema)} ${range}` : typeText(schema);
  return /^(one|true)\b/.test(text) ? text : withArticle(text);
}

/** "a defense", "an attack". */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

/**
 * Reads a flag's text as the type of the parameter. It does not check ranges; zod does.
 *
 * @returns undefined if the text fits no allowed type.
 */
export function readValue(text: string, type: z.core.$ZodType, name: string): Json | undefined {
  return readAs(text, schemaOf(type), name);
}

function readAs(text: string, schema: Schema, name: string): Json | undefined {
  if (schema[partMark]) return /^\(.*\)$/s.test(text) ? text.slice(1, -1) : text;
  const options = alternatives(schema);
  if (options.length > 1) {
    for (const option of options) {
      const value = readAs(text, option, name);
      if (value !== undefined) return value;
    }
    return undefined;
  }
  const allowed = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (allowed) return allowed.find((value) => text === (typeof value === "string" ? value : formatValue(value)));
  switch (schema.type) {
    case "number":
    case "integer":
      return numeral.test(text) ? Number(text) : undefined;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "null":
      return text === "none" ? null : undefined;
    case "array":
      return readList(text, schema, name);
    default:
      return text.startsWith('"') ? unquote(text) : text;
  }
}

function readList(text: string, schema: Schema, name: string): Json | undefined {
  const pieces = text === "" ? [] : splitOutside(text, /\//y, name);
  const entries = pieces.map((piece, i) => readAs(piece, schema.prefixItems?.[i] ?? (schema.items || {}), name));
  return entries.some((entry) => entry === undefined) ? undefined : (entries as Json[]);
}

function unquote(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

/** The members of a union type. */
function alternatives(schema: Schema): readonly Schema[] {
  if (schema.type !== undefined && typeof schema.type !== "string") return schema.type.map((type) => ({ ...schema, type }));
  return schema.anyOf ?? [schema];
}

function typeText(schema: Schema): string {
  if (schema[partMark]) return schema[partMark];
  const options = alternatives(schema);
  if (options.length > 1) return options.map((option) => expectedOne(option)).join(" or ");
  if (schema.enum) return `one of ${schema.enum.map((value) => formatValue(value)).join(", ")}`;
  if (schema.const !== undefined) return formatValue(schema.const);
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "null") return "none";
  if (schema.type === "array") {
    const entry = schema.prefixItems?.[0] ?? (schema.items || {});
    const [range, type] = [rangeText(entry), typeText(entry)];
    return `list of ${/^(number|integer|string)$/.test(type) ? `${type}s` : type}${range ? ` ${range}` : ""}`;
  }
  return typeof schema.type === "string" ? schema.type : "value";
}

function expectedOne(schema: Schema): string {
  const range = rangeText(schema);
  return range ? `${typeText(schema)} ${range}` : typeText(schema);
}

function rangeText(schema: Schema): string {
  if (alternatives(schema).length > 1) return "";
  if (schema.type === "array") {
    const [fewest, most] = [schema.minItems ?? 0, schema.maxItems ?? Infinity];
    if (fewest === most) return `of length ${most}`;
    return fewest > 0 || most < Infinity ? `of length ${bounds(fewest, most, false, false)}` : "";
  }
  const [low, high] = [schema.minimum ?? schema.exclusiveMinimum, schema.maximum ?? schema.exclusiveMaximum];
  // zod itself bounds integers to the exactly representable ones; such bounds are not the author's.
  const lowest = low === undefined || low <= Number.MIN_SAFE_INTEGER ? -Infinity : low;
  const highest = high === undefined || high >= Number.MAX_SAFE_INTEGER ? Infinity : high;
  return bounds(lowest, highest, schema.exclusiveMinimum !== undefined, schema.exclusiveMaximum !== undefined);
}

function bounds(low: number, high: number, openLow: boolean, openHigh: boolean): string {
  if (low === -Infinity && high === Infinity) return "";
  if (low > -Infinity && high < Infinity && !openLow && !openHigh) return `from ${low} to ${high}`;
  return [low > -Infinity ? `${openLow ? ">" : ">="} ${low}` : "", high < Infinity ? `${openHigh ? "<" : "<="} ${high}` : ""]
    .filter(Boolean)
    .join(" and ");
}
