import { LeakageError } from "../errors.ts";
import { concise, type PartSpec } from "../parts/index.ts";
import { wholeNumber } from "./flag-values.ts";

/** The heading under which help shows a flag. */
type FlagGroup = "Data" | "Client" | "Federation" | "Training" | "Audit" | "Attack" | "Score" | "Sampling" | "Tuning" | "Run";

/** A flag whose value is part of a spec. */
export interface Flag {
  /** The flag as it is typed, such as "--samples". */
  readonly name: string;
  /** The placeholder of the value in help: "<n>", or "<part...>" for several. */
  readonly takes: string;
  readonly group: FlagGroup;
  readonly doc: string;
  readonly choices?: readonly string[];
  /** The default in words: the value in the spec if the flag is not given. */
  readonly otherwise?: string;
  /** The position of the value in the spec, as names joined by dots. */
  readonly path: string;
  /**
   * Reads one value from text.
   *
   * @throws LeakageError `spec` that names the flag.
   */
  read(text: string): unknown;
  /**
   * Writes a value of the spec as texts that `read` accepts. The list is empty if the spec says
   * nothing.
   */
  write(value: unknown): readonly string[];
}

/** Whether a flag takes several values, which are a list in the spec. */
export const takesMany = ({ takes }: Flag): boolean => takes.endsWith("...>");

type Declared = Omit<Flag, "read" | "write"> & Partial<Pick<Flag, "read" | "write">>;

/** A flag whose value is text, unless `read` and `write` say otherwise. */
export const flag = ({ read = (text) => text, write = (value) => [String(value)], ...rest }: Declared): Flag => ({ ...rest, read, write });

export const whole = (name: string, least: number, highest?: number): Pick<Flag, "read"> => ({
  read: (text) => wholeNumber(text, name, least, highest),
});

/** A value that is yes or no. */
export const yesOrNo = (name: string, otherwise: boolean): Pick<Flag, "choices" | "otherwise" | "read" | "write"> => ({
  choices: ["yes", "no"],
  otherwise: otherwise ? "yes" : "no",
  read: (text) => {
    if (text === "yes" || text === "no") return text === "yes";
    throw new LeakageError("spec", `${name} takes yes or no; got ${JSON.stringify(text)}.`);
  },
  write: (value) => [value ? "yes" : "no"],
});

export type Part = PartSpec | readonly PartSpec[];

export const part = (catalogue: { parse(input: unknown): unknown }): Pick<Flag, "read" | "write"> => ({
  read: (text) => catalogue.parse(text),
  write: (value) => [concise(catalogue, value as Part)],
});
