// Sheets of pictures that are decoded anew while a slider moves, as many in a frame as fit.

// Where codes come from: center + amount * scale * spread. The tensors `center` and `spread` are
// (S, R, N, L) of S draws, R runs and N pictures, 1 where all have the same; `scale` is (R).
class Source {
    constructor(tensors, name) {
        this.center = tensors[`${name}/center`]
        this.spread = tensors[`${name}/spread`]
        this.scale = tensors[`${name}/scale`].data
        this.draws = Math.max(this.center.shape[0], this.spread.shape[0])
        this.count = Math.max(this.center.shape[2], this.spread.shape[2])
    }

    // Return the codes of some pictures of a sheet, one after another.
    codes(run, draw, amount, first = 0, count = this.count) {
        const latents = this.center.shape[3]
        const codes = new Float32Array(count * latents)
        for (let i = 0; i < count; i++) {
            const from = this.row(this.center, draw, run, first + i)
            const to = this.row(this.spread, draw, run, first + i)
            for (let latent = 0; latent < latents; latent++) {
                const spread = this.spread.data[to + latent]
                codes[i * latents + latent] = this.center.data[from + latent] + amount * this.scale[run] * spread
            }
        }
        return codes
    }

    row({ shape: [draws, runs, count, latents] }, draw, run, place) {
        return ((Math.min(draw, draws - 1) * runs + Math.min(run, runs - 1)) * count + Math.min(place, count - 1)) * latents
    }
}

// A sheet of grey pictures of size x size pixels with clear gaps, enlarged by the style sheet.
class Sheet {
    constructor(size, count, columns) {
        const [width, height] = [columns, Math.ceil(count / columns)].map(number => number * (size + 1) - 1)
        Object.assign(this, { size, columns })
        this.element = make('canvas', { className: 'sheet', width, height })
        this.element.style.aspectRatio = `${width} / ${height}`
        this.element.setAttribute('role', 'img')
        this.pen = this.element.getContext('2d')
        this.image = this.pen.createImageData(size, size)
        this.image.data.fill(255)
    }

    // Say what is seen, for those who do not see it.
    describe(alt) {
        this.element.setAttribute('aria-label', alt)
    }

    // Draw the pixels, numbers from 0 (black) to `white`, that begin at `first`, in a place.
    draw(place, pixels, first = 0, white = 1) {
        const { size, columns, image } = this
        const { data } = image
        for (let i = 0; i < size * size; i++) {
            data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = (255 / white) * pixels[first + i]
        }
        this.pen.putImageData(image, (place % columns) * (size + 1), Math.floor(place / columns) * (size + 1))
    }
}

// Pieces of work that take turns. What is spoilt is done anew, as much in a frame as fits, and
// where the last frame ended the next one goes on: each gets its turn though a finger never rests.
class Turns {
    constructor(pieces, work) {
        this.pieces = pieces
        this.work = work
        this.next = 0
        this.spoil()
    }

    spoil(those = () => true) {
        for (const piece of this.pieces) if (those(piece)) piece.spoilt = true
    }

    // Work for some milliseconds, at least on one piece, and return whether any is left.
    run(milliseconds = 8) {
        const until = performance.now() + milliseconds
        for (let tried = 0; tried < this.pieces.length; tried++) {
            const piece = this.pieces[this.next]
            this.next = (this.next + 1) % this.pieces.length
            if (!piece.spoilt) continue
            piece.spoilt = false
            this.work(piece)
            if (performance.now() >= until) break
        }
        return this.pieces.some(piece => piece.spoilt)
    }
}

// Return pieces of four pictures of some sheets, the sheets by turns: the engine decodes four at
// once in less time than one after another.
function piecesOf(sheets, count) {
    const pieces = []
    for (let first = 0; first < count; first += 4) {
        for (const sheet of sheets) pieces.push({ ...sheet, first, count: Math.min(4, count - first) })
    }
    return pieces
}

// A slider with its name before it, words at some of its values, and behind it what it stands at.
class Scale {
    constructor({ label, marks = [], ...limits }, input, release) {
        this.limits = limits
        this.range = makeSlider(label, limits, input, release)
        this.output = make('output', {})
        const choose = value => {
            this.set(value)
            input(value)
            release(value)
        }
        const rail = make('span', { className: 'rail' }, this.range, ...marks.map(mark => this.makeMark(mark, choose)))
        const name = make('span', { className: 'scale-name', textContent: label })
        for (const words of [name, this.output]) words.dataset.text = ''
        this.element = make('div', { className: 'scale' }, name, rail, this.output)
        this.element.classList.toggle('marked', marks.length > 0)
    }

    makeMark([value, words], choose) {
        const { min, max } = this.limits
        const mark = make('button', { type: 'button', className: 'mark', textContent: words, onclick: () => choose(value) })
        mark.style.setProperty('--at', (value - min) / (max - min))
        return mark
    }

    set(value) {
        this.range.value = value
    }

    // Say what the slider stands at, on the screen and to those who hear the page.
    say(words) {
        this.output.textContent = words
        this.range.setAttribute('aria-valuetext', words)
    }
}

// Return a number with a true minus sign and as many digits as say something.
function written(number) {
    const digits = Math.abs(number) < 10 ? 2 : Math.abs(number) < 100 ? 1 : 0
    return number.toFixed(digits).replace('-', '−')
}
