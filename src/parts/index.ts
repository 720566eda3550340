export { canonicalJson, specHash } from "./canonical.ts";
export { type Catalogue, type Chain, catalogue, chainable, nested, type Row } from "./catalogue.ts";
export { concise } from "./concise.ts";
export { format, formatValue } from "./flag-text.ts";
export { nearest } from "./nearest.ts";
export type { Parameter } from "./parameter.ts";
export { type AnyPart, type Json, type Part, type PartSpec, part } from "./part.ts";
