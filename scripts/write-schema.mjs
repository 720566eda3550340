// Writes the JSON Schema of result.json beside the compiled library.
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { resultSchema } from "../dist/audit/result.js";

const schema = z.toJSONSchema(resultSchema, { io: "output" });
writeFileSync(new URL("../dist/result.schema.json", import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
