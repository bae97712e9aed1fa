// A drawing, brought to the size and the place that a data set's images have. No DOM in here.

// Return the smallest box of a drawing's ink, or null where there is none.
function inkBox(ink, side) {
    let [left, top, right, bottom] = [side, side, -1, -1]
    for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
            if (ink[y * side + x] < 0.1) continue
            left = Math.min(left, x)
            right = Math.max(right, x)
            top = Math.min(top, y)
            bottom = Math.max(bottom, y)
        }
    }
    return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 }
}

// Return `size` x `size` pixels: each the mean of the ink in its square of the drawing.
//
// The square `span` wide that begins at (left, top) becomes the picture; outside there is no ink.
function resample(ink, side, { left, top, span }, size) {
    const pixels = new Float32Array(size * size)
    const step = span / size
    for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
            const [x0, y0] = [left + column * step, top + row * step]
            let [sum, weight] = [0, 0]
            for (let y = Math.floor(y0); y < y0 + step; y++) {
                const high = Math.min(y + 1, y0 + step) - Math.max(y, y0)
                for (let x = Math.floor(x0); x < x0 + step; x++) {
                    const wide = Math.min(x + 1, x0 + step) - Math.max(x, x0)
                    const inside = x >= 0 && y >= 0 && x < side && y < side
                    sum += inside ? wide * high * ink[y * side + x] : 0
                    weight += wide * high
                }
            }
            pixels[row * size + column] = sum / weight
        }
    }
    return pixels
}

// Return a drawing as MNIST's digits are: 20 pixels long, its centre of mass in the middle of 28.
//
// Source: LeCun et al. 1998, section III-A: normalised to a 20x20 box, centred by mass in 28x28.
function centredAsMnist(ink, side) {
    const box = inkBox(ink, side)
    if (!box) return null
    const scale = Math.max(box.width, box.height) / 20
    const span = 28 * scale
    let [mass, right, down] = [0, 0, 0]
    for (let y = box.top; y < box.top + box.height; y++) {
        for (let x = box.left; x < box.left + box.width; x++) {
            mass += ink[y * side + x]
            right += (x + 0.5) * ink[y * side + x]
            down += (y + 0.5) * ink[y * side + x]
        }
    }
    return resample(ink, side, { left: right / mass - span / 2, top: down / mass - span / 2, span }, 28)
}

// Return a drawing as the small digits are: as high as the picture of 8 pixels, in its middle.
//
// Source: Alpaydin and Kaynak 1998: a bitmap of 32x32, counted in blocks of 4x4.
function centredAsDigits(ink, side) {
    const box = inkBox(ink, side)
    if (!box) return null
    const span = Math.max(box.width, box.height)
    const left = box.left + box.width / 2 - span / 2
    return resample(ink, side, { left, top: box.top + box.height / 2 - span / 2, span }, 8)
}
