export type { Density, Distribution } from "./density.ts";
export { laplace } from "./laplace.ts";
export { normal } from "./normal.ts";
