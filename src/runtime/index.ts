export { type CompileOptions, compile, devices } from "./onnx.ts";
export type { Numbers, Program } from "./program.ts";
export { evaluate, interpret } from "./reference.ts";
