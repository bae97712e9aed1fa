// Grey pictures on a canvas. A style sheet enlarges them: `image-rendering: pixelated`.

/**
 * Draws one grey picture.
 *
 * @param {HTMLCanvasElement} canvas gets the picture's size in pixels, unless `at` places it.
 * @param {Float32Array|Uint8Array} pixels in [0, 1], or bytes; row by row.
 * @param {number} size height and width in pixels.
 * @param {{place?: number, at?: [number, number]}} [options] `place`: which picture of several
 *   that lie one behind another in `pixels`; `at`: column and row of the canvas, which is then
 *   left as large as it is.
 */
function paint(canvas, pixels, size, { place = 0, at = null } = {}) {
  if (!at && (canvas.width !== size || canvas.height !== size)) {
    canvas.width = canvas.height = size;
  }
  const context = canvas.getContext("2d");
  const image = new ImageData(size, size), count = size * size, start = place * count;
  const scale = pixels instanceof Uint8Array ? 1 : 255;
  for (let i = 0; i < count; i++) {
    const grey = scale * pixels[start + i];
    image.data[4 * i] = image.data[4 * i + 1] = image.data[4 * i + 2] = grey;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, ...(at ?? [0, 0]));
}

/**
 * Draws pictures as tiles of one sheet with clear gaps.
 *
 * @param {HTMLCanvasElement} canvas gets the sheet's size in pixels.
 * @param {Float32Array|Uint8Array} pixels of `count` pictures, one behind another.
 * @param {number} size height and width of a picture in pixels.
 * @param {number} count pictures.
 * @param {number} columns pictures in a row.
 * @param {number} [gap] pixels between two pictures.
 */
function paintSheet(canvas, pixels, size, count, columns, gap = 1) {
  fitSheet(canvas, size, count, columns, gap);
  for (let place = 0; place < count; place++) {
    paint(canvas, pixels, size, { place, at: tileAt(place, size, columns, gap) });
  }
}

/** Gives a canvas the size of a sheet, and clears it if it had another. */
function fitSheet(canvas, size, count, columns, gap = 1) {
  const rows = Math.ceil(count / columns);
  const wide = columns * (size + gap) - gap, high = rows * (size + gap) - gap;
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
}

/** Returns column and row of a sheet's tile in pixels, for `paint`'s `at`. */
function tileAt(place, size, columns, gap = 1) {
  return [(place % columns) * (size + gap), Math.floor(place / columns) * (size + gap)];
}
