import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { type Emit, type OnnxAttribute, rulesOf, type Shape, showShape, type Tensor, topological } from "../graph/index.ts";
import { biasedConvolutions } from "./biased-convolutions.ts";
import { scaledSums } from "./scaled-sums.ts";

/** A graph, exported as an ONNX model. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** The inputs of the model by name: placeholders, and draws that are made outside. */
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** For each node name, the operation that the node computes and its shapes. */
  readonly origins: ReadonlyMap<string, string>;
}

const irVersion = 10n;
const opset = 20n;

const encoder = new TextEncoder();

const tensorProto = (name: string, dataType: DataType, shape: Shape, data: ArrayBufferView<ArrayBuffer>): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dataType,
    dims: shape.map(BigInt),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });

/** Whole numbers between −2³¹ and 2³¹ as 64-bit integers: each one's lower word first. */
function int64(data: ArrayLike<number>): Int32Array<ArrayBuffer> {
  const words = new Int32Array(2 * data.length);
  for (let i = 0; i < data.length; i++) {
    words[2 * i] = data[i]!;
    words[2 * i + 1] = data[i]! < 0 ? -1 : 0;
  }
  return words;
}

function equalConstants(one: TensorProto, other: TensorProto): boolean {
  if (one.dataType !== other.dataType || one.dims.join() !== other.dims.join()) return false;
  const [a, b] = [one, other].map(({ rawData }) => new Int32Array(rawData.buffer, rawData.byteOffset, rawData.byteLength / 4));
  return a!.every((word, i) => word === b![i]);
}

const valueInfo = (name: string, shape: Shape, elemType = DataType.FLOAT): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(TypeProto_TensorSchema, {
          elemType,
          shape: create(TensorShapeProtoSchema, {
            dim: shape.map((extent) => create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(extent) } })),
          }),
        }),
      },
    }),
  });

function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: encoder.encode(value) as Uint8Array<ArrayBuffer> });
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

/** Collects nodes and constants, and emits equal ones once. */
class Emitter implements Emit {
  readonly nodeProtos: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly feeds = new Map<string, Tensor>();
  readonly origins = new Map<string, string>();
  /** The operation for which the next nodes are emitted. */
  origin = "";
  private readonly known = new Map<string, readonly string[]>();
  private readonly large = new Map<ArrayLike<number>, string>();

  node(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>, domain = ""): string {
    return this.add(type, 1, inputs, attributes, domain)[0]!;
  }

  nodes(type: string, outputs: number, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): readonly string[] {
    return this.add(type, outputs, inputs, attributes, "");
  }

  private add(
    opType: string,
    outputs: number,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain: string,
  ) {
    const key = `${opType}(${inputs})${JSON.stringify(attributes)}${outputs}`;
    const existing = this.known.get(key);
    if (existing) return existing;
    const name = `${opType}${this.nodeProtos.length}`;
    const output = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}.${i}`));
    const attribute = Object.entries(attributes).map(([attributeName, value]) => attributeProto(attributeName, value));
    this.nodeProtos.push(create(NodeProtoSchema, { name, opType, domain, input: [...inputs], output, attribute }));
    this.origins.set(name, this.origin);
    this.known.set(key, output);
    return output;
  }

  floats(data: ArrayLike<number>, shape: Shape): string {
    return this.initializer(data, shape, DataType.FLOAT, () =>
      data instanceof Float32Array ? (data as Float32Array<ArrayBuffer>) : Float32Array.from(data),
    );
  }

  ints(data: ArrayLike<number>, shape: Shape = [data.length]): string {
    return this.initializer(data, shape, DataType.INT64, () => int64(data));
  }

  private initializer(data: ArrayLike<number>, shape: Shape, type: DataType, convert: () => ArrayBufferView<ArrayBuffer>): string {
    const small =
      data.length <= 64 ? `${type}${showShape(shape)}=${Array.from(data, (entry) => (Object.is(entry, -0) ? "-0" : entry))}` : undefined;
    const existing = small ? this.known.get(small)?.[0] : this.large.get(data);
    if (existing && (small || this.initializers.find(({ name }) => name === existing)!.dims.join() === shape.join())) return existing;
    const made = tensorProto(`constant${this.initializers.length}`, type, shape, convert());
    // Positions are made anew for each operation, so their content tells which are equal.
    const { name } = (type === DataType.INT64 && !small && this.initializers.find((other) => equalConstants(other, made))) || made;
    if (name === made.name) this.initializers.push(made);
    if (small) this.known.set(small, [name]);
    else this.large.set(data, name);
    return name;
  }

  /**
   * Names the outputs of the model. A value that no node produces, or that serves two outputs, is
   * copied.
   */
  nameOutputs(outputs: readonly (readonly [string, string])[]): void {
    const made = new Set(this.nodeProtos.flatMap(({ output }) => output));
    const renamed = new Map<string, string>();
    for (const [name, value] of outputs) {
      if (made.has(value) && !renamed.has(value)) renamed.set(value, name);
      else this.nodeProtos.push(create(NodeProtoSchema, { name: `copy.${name}`, opType: "Identity", input: [value], output: [name] }));
    }
    for (const node of this.nodeProtos) {
      node.input = node.input.map((value) => renamed.get(value) ?? value);
      node.output = node.output.map((value) => renamed.get(value) ?? value);
    }
  }

  feed(tensor: Tensor): string {
    const name = tensor.kind === "input" ? (tensor as Tensor<"input">).attributes.name : `draw${this.feeds.size}`;
    const existing = this.feeds.get(name);
    if (existing && existing !== tensor) throw new RangeError(`two inputs are named "${name}"`);
    this.feeds.set(name, tensor);
    return name;
  }
}

/** How often each tensor of a program is read, or is a result. */
function usesOf(order: readonly Tensor[], outputs: readonly Tensor[]): ReadonlyMap<Tensor, number> {
  const uses = new Map<Tensor, number>();
  const used = (tensor: Tensor) => uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  for (const { inputs } of order) inputs.forEach(used);
  outputs.forEach(used);
  return uses;
}

/**
 * Exports expressions as an ONNX model with the given output names (prefixed by "output."). The
 * same expressions give the same bytes.
 */
export function toOnnx(outputs: Readonly<Record<string, Tensor>>): OnnxModel {
  const emit = new Emitter();
  const names = new Map<Tensor, string>();
  const order = topological(Object.values(outputs), (each) => each.kind !== "draw");
  const uses = usesOf(order, Object.values(outputs));
  const { sums, inside } = scaledSums(order, uses);
  const biased = biasedConvolutions(order, uses);
  for (const tensor of order) {
    if (inside.has(tensor) || biased.inside.has(tensor)) continue;
    emit.origin = `${tensor.kind} of ${tensor.inputs.map(({ shape }) => showShape(shape)).join(" and ") || "nothing"} to ${showShape(tensor.shape)}`;
    const sum = sums.get(tensor);
    if (sum) {
      const { product, factor, addend } = sum;
      const { transposeA, transposeB } = product.attributes;
      const given = [...product.inputs, addend].map((source) => names.get(source)!);
      names.set(tensor, emit.node("Gemm", given, { transA: Number(transposeA), transB: Number(transposeB), beta: { float: factor } }));
      continue;
    }
    const convolved = biased.sums.get(tensor);
    if (convolved) {
      const { convolution, bias } = convolved;
      const { attributes, inputs } = convolution;
      const given = [...inputs, bias].map((source) => names.get(source)!);
      const made = rulesOf(convolution).onnx(attributes, { names: given, inputs: [...inputs, bias], output: convolution, emit });
      names.set(tensor, emit.node("Reshape", [made, emit.ints(tensor.shape)]));
      continue;
    }
    const inputs = tensor.kind === "draw" ? [] : tensor.inputs;
    names.set(
      tensor,
      rulesOf(tensor).onnx(tensor.attributes, { names: inputs.map((source) => names.get(source)!), inputs, output: tensor, emit }),
    );
  }
  emit.nameOutputs(Object.entries(outputs).map(([name, tensor]) => [`output.${name}`, names.get(tensor)!]));
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "gradleak",
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: "", version: opset }),
      create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n }),
    ],
    graph: create(GraphProtoSchema, {
      name: "gradleak",
      node: emit.nodeProtos,
      initializer: emit.initializers,
      input: [...emit.feeds].map(([name, tensor]) => valueInfo(name, tensor.shape)),
      output: Object.entries(outputs).map(([name, tensor]) => valueInfo(`output.${name}`, tensor.shape)),
    }),
  });
  return { bytes: toBinary(ModelProtoSchema, model), feeds: emit.feeds, origins: emit.origins };
}
