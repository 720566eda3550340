// Writes the JSON Schemas of result.json, of attacks, audits, experiments and trainings, beside the compiled library.
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { auditResultSchema } from "../dist/audit/audit-result.js";
import { resultSchema, trainResultSchema } from "../dist/runs/index.js";
import { experimentSchema } from "../dist/experiments/index.js";

for (const [name, schema] of [
  ["result", resultSchema],
  ["audit", auditResultSchema],
  ["experiment", experimentSchema],
  ["train", trainResultSchema],
])
  writeFileSync(
    new URL(`../dist/${name}.schema.json`, import.meta.url),
    `${JSON.stringify(z.toJSONSchema(schema, { io: "output" }), null, 2)}\n`,
  );
