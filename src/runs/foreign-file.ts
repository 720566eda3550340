/** A kind of file that holds tensors and is not read. */
interface ForeignFile {
  /** What the file is: "a file of PyTorch (torch.save)". */
  readonly kind: string;
  /** The command that converts it, and what to know about it, in sentences. */
  readonly convert: string;
}

const begins = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0));

/** The name of the first entry of a zip archive. */
function firstEntry(bytes: Uint8Array): string {
  const length = (bytes[26] ?? 0) | ((bytes[27] ?? 0) << 8);
  return String.fromCharCode(...bytes.subarray(30, 30 + length));
}

/** The number that begins every file of PyTorch before version 1.6, as a pickle writes it. */
const oldTorch = "\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/** A file name without its last ending. */
const stem = (source: string): string => source.replace(/\.[^./\\]*$/, "");

const torch = (source: string): ForeignFile => ({
  kind: "a file of PyTorch (torch.save), which is a Python program",
  convert: `This line converts a state_dict (of a whole checkpoint, take the entry that has it):\npython -c "import torch; from safetensors.torch import save_file; d = torch.load('${source}', map_location='cpu', weights_only=True); save_file({k: v.detach().clone().contiguous() for k, v in d.items() if torch.is_tensor(v)}, '${stem(source)}.safetensors')"`,
});

const keras = (source: string): ForeignFile => ({
  kind: "a file of Keras (HDF5)",
  convert: `Keras stores the inputs of weights first. This line saves its weights in order, as PyTorch has them (right for networks that flatten no channels-last images; of a file of weights alone, make the model and call load_weights first):\npython -c "import keras, numpy; m = keras.models.load_model('${source}'); numpy.savez('${stem(source)}.npz', *[w.T if w.ndim == 2 else w.transpose(3, 2, 0, 1) if w.ndim == 4 else w for w in m.get_weights()])"`,
});

/** What a file is, if it is one of another program; by its bytes, and by its name at last. */
export function foreignFile(bytes: Uint8Array, source: string): ForeignFile | undefined {
  if (begins(bytes, "\x89HDF\r\n\x1a\n")) return keras(source);
  if (begins(bytes, "PK")) {
    const first = firstEntry(bytes);
    if (/(^|\/)(data\.pkl|\.format_version|byteorder|version)$/.test(first)) return torch(source);
    return /(^|\/)(metadata\.json|config\.json|model\.weights\.h5)$/.test(first) ? keras(source) : undefined;
  }
  if (bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5) {
    if (begins(bytes, oldTorch, 2) || /\.(pt|pth|ckpt|bin)$/i.test(source)) return torch(source);
    return {
      kind: "a pickle of Python, which is a program",
      convert: `This line converts a dictionary or a list of arrays:\npython -c "import pickle, numpy; d = pickle.load(open('${source}', 'rb')); numpy.savez('${stem(source)}.npz', **d) if isinstance(d, dict) else numpy.savez('${stem(source)}.npz', *d)"`,
    };
  }
  if (/\.onnx$/i.test(source))
    return {
      kind: "a network in ONNX",
      convert: `This line saves its weights:\npython -c "import onnx, numpy; from onnx import numpy_helper as h; numpy.savez('${stem(source)}.npz', **{t.name: h.to_array(t) for t in onnx.load('${source}').graph.initializer})"`,
    };
  return undefined;
}
