import { z } from "zod";
import { head } from "../experiment-result.ts";

/** The form of one row. */
export const rowSchema = z
  .strictObject({
    method: z.string(),
    source: z.string(),
    attack: z.string().describe("The value of the catalogue, as a flag writes it."),
    law: z.string().describe("What it takes for p(g | x)."),
    prior: z.string().describe("What it takes for p(x)."),
    radius: z.number().nonnegative().describe("Radius δ of its ball; 0 for a point."),
    samples: z.int().positive().describe("Points k in that ball."),
    loss: z.string().describe("The loss of its authors."),
    cosine: z.number().describe("Cosine between the derivatives in x of what the value minimizes and of that loss, in float64."),
    off: z
      .strictObject({ likelihood: z.number().nonnegative(), prior: z.number().nonnegative() })
      .describe("The relative distance of each term's derivative from that of the same term of the authors' loss, size included."),
  })
  .describe("One attack.");

/**
 * The form of `result.json` of `gradleak reproduce table-1`, from which its JSON Schema is made.
 */
export const table1Schema = z
  .strictObject({ ...head("table-1"), rows: z.array(rowSchema).min(1) })
  .describe("Existing attacks as assumptions about p(g | x) and p(x).");

/** What table 1 found, as `result.json` holds it. */
export type Table1Result = z.output<typeof table1Schema>;
/** One row of a {@link Table1Result}. */
export type Table1Row = z.output<typeof rowSchema>;
