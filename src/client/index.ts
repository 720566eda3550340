export { type Batch, type Client, type ClientOptions, client, crossEntropy, exactly, type Loss } from "./client.ts";
