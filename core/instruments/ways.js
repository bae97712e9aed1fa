// Ways from one code to another. No DOM in here.
//
// `core.explore.interpolation` has the same formulas, with their sources.

// Sine of the least angle that is told from none.
const PARALLEL = 1e-6

// Return the code at `place`, 0 to 1, on the straight line from `start` to `end`.
function onLine(start, end, place) {
    return start.map((value, latent) => (1 - place) * value + place * end[latent])
}

// Return the code at `place` on the great circle around the origin from `start` to `end`.
//
// It turns by the same angle everywhere, and its length goes evenly from one to the other. Parallel
// and opposite codes, and the origin itself, have no circle or more than one: the line stands in.
function onCircle(start, end, place) {
    const [first, last] = [Math.hypot(...start), Math.hypot(...end)]
    if (!(first > 0 && last > 0)) return onLine(start, end, place)
    const pairs = Array.from(start, (value, latent) => [value / first, end[latent] / last])
    // Twice the arctangent: the arccosine of a cosine near 1 has lost half of its digits.
    const apart = Math.hypot(...pairs.map(([a, b]) => a - b))
    const together = Math.hypot(...pairs.map(([a, b]) => a + b))
    const angle = 2 * Math.atan2(apart, together)
    const sine = Math.sin(angle)
    if (sine <= PARALLEL) return onLine(start, end, place)
    const length = (1 - place) * first + place * last
    const [near, far] = [Math.sin((1 - place) * angle), Math.sin(place * angle)]
    return Float32Array.from(pairs, ([a, b]) => (length * (near * a + far * b)) / sine)
}
