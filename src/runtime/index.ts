export { releasePrograms } from "./idle.ts";
export { compileNested, type Filled, inputsAt, type Nested, type NestedProgram, numbersAt } from "./nested.ts";
export { type CompileOptions, compile } from "./onnx.ts";
export type { Program } from "./program.ts";
export { evaluate, interpret } from "./reference.ts";
export { devices } from "./session.ts";
