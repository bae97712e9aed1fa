// The stage: what every instrument stands on, in a page of the lab and in an exported file alike.

// Return an element with properties, attributes (in `set`), style variables and children.
function make(tag, { set = {}, ...properties } = {}, ...children) {
    const element = document.createElement(tag)
    Object.assign(element, properties)
    for (const [name, value] of Object.entries(set)) element.setAttribute(name, value)
    element.append(...children)
    return element
}

// Return what an instrument sees of a bundle: the runs, its own header and its own tensors.
function partOf({ meta, tensors, runs }, name) {
    const own = Object.entries(tensors).filter(([key]) => key.startsWith(`${name}/`))
    const named = own.map(([key, tensor]) => [key.slice(name.length + 1), tensor])
    return { meta: meta[name], tensors: Object.fromEntries(named), runs }
}

// A grey picture of size x size pixels, enlarged by the style sheet.
class Picture {
    constructor(size, alt) {
        this.size = size
        this.element = make('canvas', { className: 'picture', width: size, height: size })
        this.pen = this.element.getContext('2d')
        this.image = this.pen.createImageData(size, size)
        this.image.data.fill(255)
        this.describe(alt)
    }

    // Say what is seen, for those who do not see it.
    describe(alt) {
        this.element.setAttribute('role', 'img')
        this.element.setAttribute('aria-label', alt)
    }

    // Draw the pixels, numbers from 0 (black) to `white`, that begin at `first`.
    draw(pixels, first = 0, white = 1) {
        const { data } = this.image
        for (let i = 0; i < this.size * this.size; i++) {
            data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = (255 / white) * pixels[first + i]
        }
        this.pen.putImageData(this.image, 0, 0)
    }
}

// Return a function that asks for a drawing: one a frame, however often it is asked for.
function onFrame(draw) {
    let waiting = false
    const run = () => {
        waiting = false
        draw()
    }
    return () => {
        if (!waiting) requestAnimationFrame(run)
        waiting = true
    }
}

// Return a function that asks for a deed, done once the hand has rested for a moment.
//
// A browser ignores a page that changes its address more than some 20 times a second.
function onRest(deed, milliseconds = 150) {
    let later = 0
    return () => {
        clearTimeout(later)
        later = setTimeout(deed, milliseconds)
    }
}

// Follow a finger, a pen or a mouse on an element: `move` gets its place, 0 to 1 right and down.
function followPointer(element, move, release = () => {}) {
    const place = event => {
        const { left, top, width, height } = element.getBoundingClientRect()
        const within = share => Math.min(1, Math.max(0, share))
        move(within((event.clientX - left) / width), within((event.clientY - top) / height))
    }
    element.style.touchAction = 'none'
    element.addEventListener('pointerdown', event => {
        if (event.button) return
        element.setPointerCapture(event.pointerId)
        element.focus({ preventScroll: true })
        place(event)
    })
    element.addEventListener('pointermove', event => {
        if (element.hasPointerCapture(event.pointerId)) place(event)
    })
    for (const end of ['pointerup', 'pointercancel']) {
        element.addEventListener(end, () => release())
    }
}

// Return a slider under its label; `input` gets each new value, `release` the one it is left at.
function makeSlider(label, { min, max, step, value }, input, release = () => {}) {
    const range = make('input', { type: 'range', min, max, step })
    range.value = value
    range.setAttribute('aria-label', label)
    range.addEventListener('input', () => input(Number(range.value)))
    range.addEventListener('change', () => release(Number(range.value)))
    return range
}

// What an instrument needs from the page around it.
class Stage {
    constructor(root, name) {
        this.root = root
        this.name = name
        this.region = make('div', { className: 'heard', set: { 'aria-live': 'polite' } })
    }

    // Whether the visitor asked for less motion.
    get still() {
        return matchMedia('(prefers-reduced-motion: reduce)').matches
    }

    // Return a colour of the page, such as `text-color`.
    color(name) {
        return getComputedStyle(this.root).getPropertyValue(`--st-${name}`).trim() || 'gray'
    }

    // Say a sentence to those who hear the page, once the hand has rested for a moment.
    say(sentence) {
        clearTimeout(this.later)
        this.later = setTimeout(() => (this.region.textContent = sentence), 400)
    }

    // Return what the link says of a state, or null.
    read(key) {
        return new URLSearchParams(location.search).get(key) ?? new URLSearchParams(location.hash.slice(1)).get(key)
    }

    // Write a state into the link; the server is not asked, and *back* leaves the page as before.
    write(key, value) {
        const address = new URL(location.href)
        if (address.protocol === 'file:') {
            const state = new URLSearchParams(address.hash.slice(1))
            state.set(key, value)
            address.hash = state
        } else {
            address.searchParams.set(key, value)
        }
        history.replaceState(history.state, '', address)
    }

    // Return numbers that the link says, as many as there should be, or null.
    readNumbers(key, count) {
        const numbers = this.read(key)?.split(',').map(Number)
        return numbers?.length === count && numbers.every(Number.isFinite) ? numbers : null
    }

    writeNumbers(key, numbers) {
        this.write(key, [...numbers].map(number => String(Number(number.toFixed(3)))).join(','))
    }
}

// Return the sentence for a visitor whose browser cannot decode, above the picture of the page.
function standStill(root, still, error) {
    const picture = make('img', { className: 'still', alt: 'The picture that came with the page' })
    picture.src = URL.createObjectURL(new Blob([still], { type: 'image/png' }))
    root.replaceChildren(make('p', { className: 'refused', textContent: error.message }), picture)
}

// Buttons that save what an instrument shows, as a PNG and as an SVG.
function makeSaving(root, name) {
    const button = kind =>
        make('button', {
            type: 'button',
            className: 'save',
            textContent: kind.toUpperCase(),
            title: `Save as ${kind.toUpperCase()}`,
            onclick: () => save(root, name, kind),
        })
    return make('span', { className: 'saving' }, button('png'), button('svg'))
}

async function save(root, name, kind) {
    const source = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(toSvg(root))
    const link = make('a', { download: `${name}.${kind}`, href: source })
    if (kind === 'png') link.href = await toPng(source, root.getBoundingClientRect())
    link.click()
}

// Return an SVG of all canvases and all texts marked `data-text`, where they stand.
function toSvg(root) {
    const { left, top, width, height } = root.getBoundingClientRect()
    const style = getComputedStyle(root)
    const parts = [...root.querySelectorAll('canvas, [data-text]')].filter(part => part.checkVisibility())
    const drawn = parts.map(part => {
        const box = part.getBoundingClientRect()
        const [x, y] = [box.left - left, box.top - top]
        if (part.tagName === 'CANVAS') {
            const size = `width="${box.width}" height="${box.height}"`
            return `<image x="${x}" y="${y}" ${size} href="${part.toDataURL()}" style="image-rendering:pixelated"/>`
        }
        const look = getComputedStyle(part)
        const words = new XMLSerializer().serializeToString(document.createTextNode(part.innerText))
        const font = `font-size="${look.fontSize}" font-weight="${look.fontWeight}" fill="${look.color}"`
        return `<text x="${x}" y="${y + box.height * 0.75}" ${font}>${words}</text>`
    })
    const ground = `<rect width="${width}" height="${height}" fill="${style.getPropertyValue('--st-background-color') || 'white'}"/>`
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif">${ground}${drawn.join('')}</svg>`
}

async function toPng(source, { width, height }) {
    const image = new Image()
    image.src = source
    await image.decode()
    const canvas = make('canvas', { width: 3 * width, height: 3 * height })
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
    return canvas.toDataURL()
}
