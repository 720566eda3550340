export { type OnnxModel, toOnnx } from "./export.ts";
