export { ball } from "./ball.ts";
export { bernoulli } from "./bernoulli.ts";
export { type Density, type Distribution, type Independent, kernelOf } from "./density.ts";
export { laplace } from "./laplace.ts";
export { laplaceMean, laplaceSum } from "./laplace-sum.ts";
export { entrywiseMixture, logSumExp, mixture, type Weighted } from "./mixture.ts";
export { normal } from "./normal.ts";
export { uniform } from "./uniform.ts";
