export { type ImageMetrics, type ImageResult, type Result, resultSchema, validateResult } from "./result.ts";
