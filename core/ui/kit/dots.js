
// A cloud of points on a square around the origin, and what the standard normal prior covers of it.

const SIDE = 560, STEPS = 32767

function unpack({ places, labels, ...rest }) {
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    return { ...rest, places: new Int16Array(bytes(places).buffer), labels: bytes(labels) }
}

function scatter(canvas, { places, labels, halfWidths, names, colors, prior, muted }, frame) {
    const pen = canvas.getContext('2d'), half = halfWidths[frame], first = 2 * labels.length * frame
    const x = i => (SIDE / 2) * (1 + places[first + 2 * i] / STEPS)
    const y = i => (SIDE / 2) * (1 - places[first + 2 * i + 1] / STEPS)
    pen.clearRect(0, 0, SIDE, SIDE)
    if (prior) circles(pen, SIDE / 2 / half, prior)
    const sums = names.map(() => [0, 0, 0])
    labels.forEach((label, i) => {
        pen.fillStyle = colors[label]
        pen.fillRect(x(i) - 3, y(i) - 3, 6, 6)
        sums[label][0] += x(i)
        sums[label][1] += y(i)
        sums[label][2] += 1
    })
    pen.strokeStyle = getComputedStyle(canvas).getPropertyValue('--st-background-color') || 'white'
    pen.lineWidth = 8
    pen.lineJoin = 'round'
    names.forEach((name, label) => {
        const [right, down, count] = sums[label]
        if (count) write(pen, name, right / count, down / count, '700 34px sans-serif', colors[label])
    })
    scale(pen, half, muted)
}

function circles(pen, unit, color) {
    pen.strokeStyle = color
    pen.lineWidth = 3
    for (const radius of [1, 2, 3]) {
        pen.beginPath()
        pen.arc(SIDE / 2, SIDE / 2, radius * unit, 0, 2 * Math.PI)
        pen.stroke()
    }
}

// A frame around it, with the codes at its edges.
function scale(pen, half, color) {
    pen.lineWidth = 2
    pen.strokeStyle = color
    pen.strokeRect(0.5, 0.5, SIDE - 1, SIDE - 1)
    pen.font = '28px sans-serif'
    pen.fillStyle = color
    pen.textBaseline = 'bottom'
    pen.textAlign = 'left'
    pen.fillText(`\u2212${half.toFixed(1)}`, 8, SIDE - 6)
    pen.textAlign = 'right'
    pen.fillText(half.toFixed(1), SIDE - 8, SIDE - 6)
}

function write(pen, text, right, down, font, color) {
    pen.font = font
    pen.textAlign = 'center'
    pen.textBaseline = 'middle'
    pen.fillStyle = color
    pen.strokeText(text, right, down)
    pen.fillText(text, right, down)
}
