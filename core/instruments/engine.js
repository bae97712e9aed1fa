// Decodes and encodes in the browser. Nothing here knows a page: bytes in, arrays of numbers out.
//
//   const { meta, tensors, runs } = await openBundle(bytes);
//   const pixels = runs[0].decode(new Float32Array([0.5, -1]), 1);  // size * size, in [0, 1]
//
// A run's layers are steps over rows of floats in the kernel's memory. Every heavy step is the
// kernel's product of rows with a matrix; the text in front of this file brings KERNEL, its bytes.

/**
 * Opens what `core.instruments.bundle` packed.
 *
 * @param {Uint8Array} bytes
 * @returns {Promise<{meta: object, tensors: object, runs: object[]}>} `tensors` and each run's
 *   `tensors`: name -> {shape, data}; a run has `name`, `label`, `latents`, `size`, `decode`,
 *   `encode` where its encoder came along, and all that was packed with it.
 */
async function openBundle(bytes) {
  const kernel = await startKernel();
  const { note, stored } = readSafetensors(bytes);
  const { meta, runs } = JSON.parse(note.bundle);
  return {
    meta,
    tensors: widened(stored, "tensors/"),
    runs: runs.map((run, place) => openRun(run, stored, `runs/${place}/`, kernel)),
  };
}

function openRun({ decoder, encoder, posterior, ...run }, stored, prefix, kernel) {
  const weight = name => wide(stored[`${prefix}weights/${name}`]);
  const { latents, size } = run;
  const decoding = network(decoder, weight, { width: latents }, size * size, kernel);
  const opened = { ...run, tensors: widened(stored, `${prefix}tensors/`), decode: decoding };
  if (!encoder) return opened;

  const outputs = POSTERIORS[posterior.kind].outputs(latents);
  const picture = { width: size * size, channels: 1, side: size };
  const encoding = network(encoder, weight, picture, outputs, kernel);
  opened.encode = (images, n) =>
    POSTERIORS[posterior.kind].read(encoding(images, n), n, latents, posterior);
  return opened;
}

// ---- What a bundle is made of ----

function readSafetensors(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const { __metadata__: note, ...tensors } = header;
  const stored = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(tensors)) {
    // A copy, since a typed array may not begin at any odd place.
    stored[name] = { dtype, shape, buffer: bytes.slice(8 + length + start, 8 + length + end).buffer };
  }
  return { note, stored };
}

function widened(stored, prefix) {
  const names = Object.keys(stored).filter(name => name.startsWith(prefix));
  return Object.fromEntries(names.map(name => [name.slice(prefix.length), wide(stored[name])]));
}

function wide({ dtype, shape, buffer }) {
  const arrays = { F32: Float32Array, U8: Uint8Array, I32: Int32Array };
  const data = dtype === "F16" ? singles(new Uint16Array(buffer)) : new arrays[dtype](buffer);
  return { shape, data };
}

let everyHalf = null;

// Float16Array is too new to count on; there are only 65,536 halves.
function singles(halves) {
  everyHalf ??= Float32Array.from({ length: 65536 }, (_, bits) => {
    const exponent = (bits >> 10) & 31, fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction;
    return sign * size;
  });
  const data = new Float32Array(halves.length);
  for (let i = 0; i < data.length; i++) data[i] = everyHalf[halves[i]];
  return data;
}

// ---- The kernel and its memory ----

async function startKernel() {
  let exports;
  try {
    const bytes = Uint8Array.from(atob(KERNEL), letter => letter.charCodeAt(0));
    ({ instance: { exports } } = await WebAssembly.instantiate(bytes));
  } catch (error) {
    throw new Error(
      `This browser should run WebAssembly with SIMD, and refused (${error.message ?? error}).` +
      " Its maker's newest version does, unless a setting or the page's host forbids it.");
  }
  const { memory } = exports;
  let free = 1024, view = new Float32Array(memory.buffer);
  const floats = () => (view.length ? view : (view = new Float32Array(memory.buffer)));
  const take = count => {
    const place = free;
    free += Math.ceil(count / 16) * 64;
    const missing = free - memory.buffer.byteLength;
    if (missing > 0) memory.grow(16 + Math.ceil(missing / 65536));  // some engines copy it all
    return place;
  };
  return { ...exports, floats, take };
}

// ---- Networks: a function (rows, n) -> rows, whose array the next call uses again ----

const PANEL = 8;

function network(layers, weight, inputs, outputs, kernel) {
  let steps = null, output = new Float32Array(0);
  return (rows, n) => {
    // Weights are packed when they are first needed: a run that nobody looks at costs nothing.
    steps ??= prepare(layers, weight, inputs, kernel);
    if (rows.length < n * inputs.width) {
      throw new Error(`${n} rows should have ${n * inputs.width} numbers, got ${rows.length}`);
    }
    if (output.length < n * outputs) output = new Float32Array(n * outputs);
    for (let done = 0; done < n; done += steps.batch) {
      runSteps(steps, rows, done, Math.min(steps.batch, n - done), output, outputs, kernel);
    }
    return output.subarray(0, n * outputs);
  };
}

function prepare(layers, weight, inputs, kernel) {
  let shape = { stride: inputs.width, ...inputs }, widest = shape.stride;
  const all = [];
  for (const layer of layers) {
    const prepared = LAYERS[layer.kind](layer, shape, weight, kernel);
    shape = { ...prepared.shape };
    widest = Math.max(widest, shape.stride);
    if (prepared.step) all.push(prepared);
  }
  // As many rows at once as stay near the processor; four share every read of a weight.
  const batch = Math.max(4, Math.min(64, 2 ** Math.floor(Math.log2(131072 / widest))));
  const buffers = [kernel.take(batch * widest), kernel.take(batch * widest)];
  return { all, batch, buffers, first: inputs.width, last: shape };
}

function runSteps({ all, buffers, first, last }, rows, done, n, output, outputs, kernel) {
  let [from, to] = buffers;
  kernel.floats().set(rows.subarray(done * first, (done + n) * first), from >> 2);
  for (const { step, inPlace } of all) {
    step(n, from, to);
    if (!inPlace) [from, to] = [to, from];
  }
  const floats = kernel.floats();
  for (let row = 0; row < n; row++) {
    const start = (from >> 2) + row * last.stride;
    output.set(floats.subarray(start, start + outputs), (done + row) * outputs);
  }
}

// Layer -> {shape of its rows, step(n, from, to) over n rows, whether it writes them in place}.
// A shape has the numbers of a row, its stride in floats, and a picture's channels and side; the
// channels of a pixel lie side by side.
const LAYERS = {
  linear(layer, { width, stride }, weight, kernel) {
    const { shape: [outputs], data } = weight(layer.weight);
    const matrix = packed(kernel, outputs, width, (output, input) => data[output * width + input]);
    const bias = packedBias(kernel, weight(layer.bias).data);
    const wide = matrix.panels * PANEL;
    const step = (n, from, to) => kernel.product(
      from, 4 * stride, matrix.place, bias, to, 4 * wide, n, width, matrix.panels);
    return { shape: { width: outputs, stride: wide }, step };
  },

  relu(layer, shape, weight, kernel) {
    return { shape, inPlace: true, step: (n, from) => kernel.relu(from, n * shape.stride) };
  },

  glu(layer, { width, stride }, weight, kernel) {
    const half = width / 2;
    const step = (n, from, to) => {
      const floats = kernel.floats();
      for (let row = 0; row < n; row++) {
        const x = (from >> 2) + row * stride, y = (to >> 2) + row * half;
        for (let i = 0; i < half; i++) floats[y + i] = floats[x + i] * sigmoid(floats[x + half + i]);
      }
    };
    return { shape: { width: half, stride: half }, step };
  },

  pad(layer, { width, stride }, weight, kernel) {
    const step = (n, from, to) => {
      const floats = kernel.floats();
      floats.fill(0, to >> 2, (to >> 2) + n * layer.width);
      for (let row = 0; row < n; row++) {
        const start = (from >> 2) + row * stride;
        floats.copyWithin((to >> 2) + row * layer.width, start, start + width);
      }
    };
    return { shape: { width: layer.width, stride: layer.width }, step };
  },

  flatten(layer, shape) {
    if (shape.channels !== 1) throw new Error(`a picture should be grey, has ${shape.channels} channels`);
    return { shape: { width: shape.width, stride: shape.stride } };
  },

  reshape({ shape: [channels, side] }, { width, stride }, weight, kernel) {
    const picture = { width, channels, side };
    if (channels === 1) return { shape: { ...picture, stride } };
    const pixels = side * side;
    const step = (n, from, to) => {
      const floats = kernel.floats();
      for (let row = 0; row < n; row++) {
        const x = (from >> 2) + row * stride, y = (to >> 2) + row * width;
        for (let channel = 0; channel < channels; channel++) {
          for (let pixel = 0; pixel < pixels; pixel++) {
            floats[y + pixel * channels + channel] = floats[x + channel * pixels + pixel];
          }
        }
      }
    };
    return { shape: { ...picture, stride: width }, step };
  },

  // Each pixel leaves a stamp of 4x4 pixels; stamps overlap and add up.
  doubling(layer, { channels: before, side, stride }, weight, kernel) {
    const { shape: [, after], data } = weight(layer.weight);  // (before, after, 4, 4)
    const matrix = packed(kernel, 16 * after, before, (output, input) => {
      const place = Math.floor(output / after), channel = output % after;
      return data[(input * after + channel) * 16 + place];
    });
    const none = packedBias(kernel, new Float32Array(16 * after));
    const line = 2 * side * after, border = line + 2 * after, framed = (2 * side + 2) * border;
    const stamps = kernel.take(side * side * 16 * after), frame = kernel.take(framed);
    const bias = weight(layer.bias).data;
    const blank = Float32Array.from({ length: framed }, (_, place) => bias[place % after]);
    const step = (n, from, to) => {
      const floats = kernel.floats();
      for (let row = 0; row < n; row++) {
        floats.set(blank, frame >> 2);
        kernel.product(from + 4 * row * stride, 4 * before, matrix.place, none,
          stamps, 64 * after, side * side, before, matrix.panels);
        kernel.stamp(stamps, frame, side, 16 * after);
        let start = (frame >> 2) + border + after, target = (to >> 2) + row * line * 2 * side;
        for (let y = 0; y < 2 * side; y++, start += border, target += line) {
          floats.copyWithin(target, start, start + line);
        }
      }
    };
    const width = line * 2 * side;
    return { shape: { width, stride: width, channels: after, side: 2 * side }, step };
  },

  sigmoid: (layer, shape, weight, kernel) => each(sigmoid, shape, kernel),
  clip: (layer, shape, weight, kernel) => each(x => Math.min(Math.max(x, 0), 1), shape, kernel),
};

function each(change, shape, kernel) {
  const step = (n, from) => {
    const floats = kernel.floats(), end = (from >> 2) + n * shape.stride;
    for (let i = from >> 2; i < end; i++) floats[i] = change(floats[i]);
  };
  return { shape, step, inPlace: true };
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// A matrix in panels of eight outputs (panels, inputs, 8), the last one filled up with zeros.
function packed(kernel, outputs, inputs, value) {
  const panels = Math.ceil(outputs / PANEL), place = kernel.take(panels * inputs * PANEL);
  const floats = kernel.floats();
  for (let output = 0; output < outputs; output++) {
    const start = (place >> 2) + (output - output % PANEL) * inputs + output % PANEL;
    for (let input = 0; input < inputs; input++) floats[start + input * PANEL] = value(output, input);
  }
  return { place, panels };
}

function packedBias(kernel, bias) {
  const place = kernel.take(Math.ceil(bias.length / PANEL) * PANEL);
  kernel.floats().set(bias, place >> 2);
  return place;
}

// ---- Posteriors: an encoder's outputs (n, outputs) -> mean and std (n, L), see
// core.models.posteriors; a point has no std ----

const POSTERIORS = {
  point: {
    outputs: latents => latents,
    read: output => ({ mean: output.slice(), std: null }),
  },
  fixed: {
    outputs: latents => latents,
    read: (output, n, latents, { std }) => (
      { mean: output.slice(), std: new Float32Array(n * latents).fill(std) }),
  },
  learned: {
    outputs: latents => 2 * latents,
    read: (output, n, latents) => moments(output, n, latents, 2 * latents,
      (mean, logVar) => [mean, Math.exp(logVar / 2)]),
  },
  squashed: {
    outputs: latents => 2 * latents,
    read: (output, n, latents, posterior) => moments(output, n, latents, 2 * latents,
      (mean, logVar) => squashed(mean, Math.exp(logVar / 2), posterior)),
  },
  recognised: {
    outputs: latents => 2 * latents + 1,
    read: (output, n, latents, { least }) => moments(output, n, latents, 2 * latents + 1,
      (mean, width) => [mean, Math.exp(Math.log(least) * sigmoid(width) / 2)]),
  },
};

function moments(output, n, latents, outputs, read) {
  const mean = new Float32Array(n * latents), std = new Float32Array(n * latents);
  for (let row = 0; row < n; row++) {
    for (let latent = 0; latent < latents; latent++) {
      const start = row * outputs + latent, place = row * latents + latent;
      [mean[place], std[place]] = read(output[start], output[start + latents]);
    }
  }
  return { mean, std };
}

// A Gaussian over u seen through z = box (2 Φ(u) - 1); its std by Gauss-Hermite quadrature.
function squashed(mean, std, { box, nodes, weights }) {
  const squash = u => box * (2 * normalCdf(u) - 1);
  const centre = squash(mean / Math.sqrt(1 + std * std));
  const square = node => (squash(mean + std * node) - centre) ** 2;
  const variance = nodes.reduce((sum, node, i) => sum + weights[i] * square(node), 0);
  return [centre, Math.sqrt(variance)];
}

// Φ within 1e-7 (Hastings 1955, sheet 43, as Abramowitz and Stegun 1964, 26.2.17).
function normalCdf(u) {
  const t = 1 / (1 + 0.2316419 * Math.abs(u));
  const series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937
    + t * (-1.821255978 + t * 1.330274429))));
  const above = Math.exp(-u * u / 2) / Math.sqrt(2 * Math.PI) * series;
  return u < 0 ? above : 1 - above;
}
