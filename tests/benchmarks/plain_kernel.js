// The kernel's three loops in plain JavaScript, to be timed against it: the same memory, the same
// panels of weights, and zeros skipped, which half of all numbers are after a ReLU.
function plainKernel() {
  let f = new Float32Array(16384);
  const memory = {
    get buffer() { return f.buffer; },
    grow(pages) { f = new Float32Array(f.buffer.transfer(f.buffer.byteLength + 65536 * pages)); },
  };
  const product = (x, xStride, weights, bias, y, yStride, rows, inputs, panels) => {
    [x, xStride, weights, bias, y, yStride] = [x, xStride, weights, bias, y, yStride].map(i => i >> 2);
    for (let panel = 0; panel < panels; panel++, bias += 8, y += 8, weights += inputs * 8) {
      for (let row = 0, from = x, to = y; row < rows; row++, from += xStride, to += yStride) {
        let a = f[bias], b = f[bias + 1], c = f[bias + 2], d = f[bias + 3];
        let e = f[bias + 4], g = f[bias + 5], h = f[bias + 6], i = f[bias + 7];
        for (let k = 0, w = weights; k < inputs; k++, w += 8) {
          const value = f[from + k];
          if (value === 0) continue;
          a += value * f[w];
          b += value * f[w + 1];
          c += value * f[w + 2];
          d += value * f[w + 3];
          e += value * f[w + 4];
          g += value * f[w + 5];
          h += value * f[w + 6];
          i += value * f[w + 7];
        }
        f[to] = a;
        f[to + 1] = b;
        f[to + 2] = c;
        f[to + 3] = d;
        f[to + 4] = e;
        f[to + 5] = g;
        f[to + 6] = h;
        f[to + 7] = i;
      }
    }
  };
  const stamp = (stamps, picture, side, line) => {
    [stamps, picture, line] = [stamps, picture, line].map(i => i >> 2);
    const border = (side + 1) * line / 2;
    for (let pixel = 0; pixel < side * side; pixel++) {
      const start = picture + 2 * border * Math.floor(pixel / side) + (pixel % side) * line / 2;
      for (let down = 0; down < 4; down++) {
        for (let i = 0, to = start + down * border; i < line; i++) f[to + i] += f[stamps++];
      }
    }
  };
  const relu = (x, count) => {
    for (let i = x >> 2; i < (x >> 2) + count; i++) if (f[i] < 0) f[i] = 0;
  };
  return { memory, product, stamp, relu };
}
