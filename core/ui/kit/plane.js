// The decoded plane: a picture whose edges are codes, the codes below and beside it, the prior's circles on it.

const NAMES = 'http://www.w3.org/2000/svg'
const SIDE = 464, LEFT = 52, TOP = 8, RIGHT = 12, BELOW = 44
const FONT = 'Source Sans, Source Sans Pro, sans-serif'

export default function ({ data, parentElement }) {
    const svg = parentElement.querySelector('svg'), save = parentElement.querySelector('button')
    if (!svg.firstChild) build(svg)
    const [pictures, scale] = svg.children
    pictures.querySelector('image').setAttribute('href', data.src)
    pictures.querySelector('g').replaceChildren(...(data.prior ? circles(data) : []))
    scale.replaceChildren(...data.ticks.flatMap(tick => numbers(tick, data)), ...names())
    svg.setAttribute('aria-label', data.title)
    save.onclick = () => download(svg, data.kind)
}

function build(svg) {
    const image = node('image', { width: SIDE, height: SIDE, preserveAspectRatio: 'none' })
    const inside = { x: LEFT, y: TOP, width: SIDE, height: SIDE, overflow: 'hidden' }
    const [width, height] = [LEFT + SIDE + RIGHT, TOP + SIDE + BELOW]
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
    svg.setAttribute('font-family', FONT)
    svg.append(node('svg', inside, image, node('g')), node('g', { fill: 'currentColor', opacity: 0.75 }))
}

// Pixels from the middle of the picture.
const pixels = (code, { half }) => ((code / half) * SIDE) / 2

function circles({ prior, ...data }) {
    return [1, 2, 3].flatMap(radius => {
        const r = pixels(radius, data), [x, y] = [SIDE / 2 + r * Math.SQRT1_2, SIDE / 2 - r * Math.SQRT1_2]
        const ring = { cx: SIDE / 2, cy: SIDE / 2, r, fill: 'none', stroke: prior, 'stroke-width': 2 }
        const outlined = { fill: prior, stroke: 'black', 'stroke-width': 3, 'paint-order': 'stroke' }
        return [node('circle', ring), text(`${radius}σ`, x + 4, y, outlined)]
    })
}

function numbers({ code, name }, data) {
    const [x, y] = [LEFT + SIDE / 2 + pixels(code, data), TOP + SIDE / 2 - pixels(code, data)]
    return [text(name, x, TOP + SIDE + 14, { 'text-anchor': 'middle' }), text(name, LEFT - 6, y, { 'text-anchor': 'end' })]
}

function names() {
    const up = TOP + SIDE / 2
    const across = text('z', LEFT + SIDE / 2, TOP + SIDE + 36, { 'text-anchor': 'middle' })
    const upwards = text('z', 10, up, { 'text-anchor': 'middle', transform: `rotate(-90 10 ${up})` })
    return [across, upwards].map((made, place) => {
        made.append(node('tspan', { dy: '0.3em', 'font-size': '0.75em' }, place + 1))
        return made
    })
}

function text(words, x, y, look) {
    const made = node('text', { x, y, dy: '0.35em', 'font-size': 13, ...look })
    made.textContent = words
    return made
}

function node(name, look = {}, ...children) {
    const made = document.createElementNS(NAMES, name)
    for (const [key, value] of Object.entries(look)) made.setAttribute(key, value)
    made.append(...children)
    return made
}

async function download(svg, kind) {
    const copy = svg.cloneNode(true), { width, height } = svg.viewBox.baseVal
    const look = { xmlns: NAMES, width, height, color: getComputedStyle(svg).color }
    for (const [key, value] of Object.entries(look)) copy.setAttribute(key, value)
    const source = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(copy.outerHTML)
    const link = document.createElement('a')
    link.download = `latent-lab.${kind}`
    link.href = kind === 'svg' ? source : await raster(source, 3 * width, 3 * height)
    link.click()
}

async function raster(source, width, height) {
    const image = new Image(), canvas = document.createElement('canvas')
    image.src = source
    await image.decode()
    Object.assign(canvas, { width, height }).getContext('2d').drawImage(image, 0, 0, width, height)
    return canvas.toDataURL()
}
