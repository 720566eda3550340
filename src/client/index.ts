export { type Batch, type Client, type ClientOptions, client, crossEntropy, exactly, type LayerStatistics, type Loss } from "./client.ts";
