export { type Batch, batchStatistics, type Client, type InputStatistics, type LayerStatistics } from "./client.ts";
export { type FedSgdOptions, fedSgd, fedSgdAt } from "./fed-sgd.ts";
export { crossEntropy, type Loss, losses } from "./losses.ts";
