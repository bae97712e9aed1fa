// The planes: the codes of two latents, one plane for each model on its own scale.
//
// A pointer decodes the code under it. Where a test image's code is near, the image is marked in
// every plane, and its reconstructions stand beside them.
//
// Tensors: `codes` (R, N, 2) of N test images, `half` (R) half the width of each plane, `labels`
// (N), and `images` (N, size, size) where they are here. The header has the classes' names and
// colours, and for each run whether its prior is a standard normal.

const NEAR = 14
const STEP = 0.02
const ACROSS = 15

function planes(root, bundle, stage) {
    const { meta, tensors, runs } = bundle
    const count = tensors.labels.shape[0]
    const size = runs[0].size
    const saved = stage.readNumbers('finger', 3)
    const state = { run: 0, code: [0, 0], image: 0, decoded: stage.read('plane') === 'decoded' }
    if (saved && runs[saved[0]]) Object.assign(state, { run: saved[0], code: saved.slice(1) })

    const keep = onRest(write)
    const boards = runs.map(makeBoard)
    const under = new Picture(size, '')
    const underName = make('figcaption', {})
    const original = tensors.images && new Picture(size, '')
    const originalName = make('div', { className: 'planes-image' })
    const copies = runs.map(() => new Picture(size, ''))
    root.append(
        make(
            'div',
            { className: 'planes-row' },
            ...boards.map(board => board.figure),
            make(
                'div',
                { className: 'planes-beside' },
                make('figure', { className: 'planes-under' }, under.element, underName),
                originalName,
                make('div', { className: 'planes-copies' }, ...makeCopies()),
            ),
        ),
        make('div', { className: 'planes-buttons' }, ...makeChoices(), makeSaving(root, 'latent-lab-codes')),
    )
    const turns = new Turns(makeTilePieces(), decodeTile)
    const ask = onFrame(draw)
    const watch = new ResizeObserver(() => paint())
    boards.forEach(board => watch.observe(board.canvas))
    let [drawn, asked, gone] = [null, false, false]
    const hear = ({ detail }) => {
        drawn = detail
        ask()
    }
    window.addEventListener('latent-lab-drawn', hear)
    mark(saved ? nearest(boards[state.run], state.code) ?? 0 : 0)
    paint()
    return { repaint: paint, stop }

    function stop() {
        gone = true
        watch.disconnect()
        window.removeEventListener('latent-lab-drawn', hear)
    }

    function makeBoard(run, which) {
        const canvas = make('canvas', { tabIndex: 0 })
        canvas.setAttribute('role', 'application')
        canvas.setAttribute('aria-roledescription', 'plane of codes')
        canvas.setAttribute('aria-label', `${run.label}: ${count} codes of test images; arrow keys move the finger`)
        const name = make('figcaption', { className: 'name', textContent: run.label })
        name.dataset.text = ''
        name.style.setProperty('--mark', run.color)
        const board = { run, which, canvas, figure: make('figure', {}, name, canvas), points: document.createElement('canvas') }
        board.tiles = makeTiles()
        board.half = tensors.half.data[which]
        board.codes = tensors.codes.data.subarray(2 * count * which, 2 * count * (which + 1))
        const point = (right, down) => put(which, [(2 * right - 1) * board.half, (1 - 2 * down) * board.half])
        followPointer(canvas, point, keep)
        canvas.addEventListener('pointermove', event => {
            if (event.pointerType !== 'mouse' || event.buttons) return
            const box = canvas.getBoundingClientRect()
            point((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height)
        })
        canvas.addEventListener('keydown', event => move(event, board))
        return board
    }

    function makeChoices() {
        const choices = [['codes', false], ['what every place decodes to', true]].map(([name, decoded]) => {
            const button = make('button', { type: 'button', className: 'choice', textContent: name })
            button.setAttribute('aria-pressed', decoded === state.decoded)
            button.onclick = () => {
                state.decoded = decoded
                choices.forEach(other => other.setAttribute('aria-pressed', other === button))
                stage.write('plane', decoded ? 'decoded' : 'codes')
                paint()
            }
            return button
        })
        return choices
    }

    // Decode one place of one plane onto its picture; a finger goes on moving meanwhile.
    function decodeTile({ which, column, row }) {
        const { run, half, tiles } = boards[which]
        const code = [column, ACROSS - 1 - row].map(step => half * ((2 * step + 1) / ACROSS - 1))
        tiles.tile.draw(run.decode(Float32Array.from(code), 1))
        tiles.pen.drawImage(tiles.tile.element, column * size, row * size)
    }

    function decodeTiles() {
        const left = turns.run()
        boards.forEach(drawPoints)
        draw()
        if (left && state.decoded && !gone) requestAnimationFrame(decodeTiles)
    }

    function makeTilePieces() {
        const pieces = []
        for (let place = 0; place < ACROSS * ACROSS; place++) {
            const [column, row] = [place % ACROSS, Math.floor(place / ACROSS)]
            boards.forEach(({ which }) => pieces.push({ which, column, row }))
        }
        return pieces
    }

    function makeTiles() {
        const canvas = make('canvas', { width: ACROSS * size, height: ACROSS * size })
        return { canvas, pen: canvas.getContext('2d'), tile: new Picture(size, '') }
    }

    function makeCopies() {
        const figures = runs.map((run, which) => {
            const name = make('figcaption', { textContent: run.short ?? run.label })
            return make('figure', {}, copies[which].element, name)
        })
        if (original) figures.unshift(make('figure', {}, original.element, make('figcaption', { textContent: 'image' })))
        return figures
    }

    function move(event, board) {
        const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key]
        if (!steps) return
        event.preventDefault()
        const far = (event.shiftKey ? 5 : 1) * STEP * board.half
        const from = state.run === board.which ? state.code : [0, 0]
        put(board.which, from.map((code, axis) => Math.min(board.half, Math.max(-board.half, code + far * steps[axis]))))
        keep()
    }

    function put(which, code) {
        Object.assign(state, { run: which, code })
        const near = nearest(boards[which], code)
        if (near !== null) mark(near)
        ask()
    }

    function write() {
        stage.writeNumbers('finger', [state.run, ...state.code])
    }

    // Return the test image whose code is nearest to a place, or null where none is near.
    function nearest({ codes, half, canvas }, [right, up]) {
        const reach = (NEAR / (canvas.clientWidth || 240)) * 2 * half
        let best = null
        let least = reach * reach
        for (let i = 0; i < count; i++) {
            const distance = (codes[2 * i] - right) ** 2 + (codes[2 * i + 1] - up) ** 2
            if (distance < least) [best, least] = [i, distance]
        }
        return best
    }

    // Show a test image and its reconstructions.
    function mark(image) {
        state.image = image
        const label = meta.classes[tensors.labels.data[image]]
        originalName.textContent = `Test image ${image}, “${label}”, and its reconstructions`
        original?.draw(tensors.images.data, image * size * size, 255)
        original?.describe(`Test image ${image}, “${label}”`)
        boards.forEach(({ run, codes }, which) => {
            copies[which].draw(run.decode(codes.slice(2 * image, 2 * image + 2), 1))
            copies[which].describe(`${run.label}: reconstruction of test image ${image}`)
        })
    }

    function paint() {
        boards.forEach(drawPoints)
        draw()
        if (state.decoded && !asked) {
            asked = true
            requestAnimationFrame(decodeTiles)
        }
    }

    function draw() {
        const { run, code } = state
        under.draw(runs[run].decode(Float32Array.from(code), 1))
        const place = code.map(number => number.toFixed(2).replace('-', '−')).join(', ')
        underName.textContent = `${runs[run].label} at (${place})`
        under.describe(`What ${runs[run].label} decodes the code (${place}) to`)
        boards.forEach(drawMarks)
        stage.say(`${underName.textContent}. ${originalName.textContent}`)
    }

    // Draw all that stands still into a canvas of its own.
    function drawPoints({ canvas, points, codes, half, run, which, tiles }) {
        const side = Math.max(1, Math.round((canvas.clientWidth || 240) * devicePixelRatio))
        for (const each of [canvas, points]) Object.assign(each, { width: side, height: side })
        const pen = points.getContext('2d')
        const x = code => (side / 2) * (1 + code / half)
        const y = code => (side / 2) * (1 - code / half)
        const unit = devicePixelRatio
        if (state.decoded) {
            pen.imageSmoothingEnabled = false
            pen.drawImage(tiles.canvas, 0, 0, side, side)
        }
        if (meta.normal[which]) drawCircles(pen, side, half, unit)
        if (state.decoded) return drawScale(pen, side, half, unit)
        const sums = meta.classes.map(() => [0, 0, 0])
        for (let i = 0; i < count; i++) {
            const label = tensors.labels.data[i]
            pen.fillStyle = meta.colors[label]
            pen.fillRect(x(codes[2 * i]) - unit, y(codes[2 * i + 1]) - unit, 2.4 * unit, 2.4 * unit)
            sums[label][0] += x(codes[2 * i])
            sums[label][1] += y(codes[2 * i + 1])
            sums[label][2] += 1
        }
        Object.assign(pen, { textAlign: 'center', textBaseline: 'middle', lineJoin: 'round', lineWidth: 4 * unit })
        pen.font = `700 ${15 * unit}px sans-serif`
        pen.strokeStyle = stage.color('background-color')
        sums.forEach(([right, down, many], label) => {
            if (!many) return
            pen.fillStyle = meta.colors[label]
            pen.strokeText(meta.classes[label], right / many, down / many)
            pen.fillText(meta.classes[label], right / many, down / many)
        })
        drawScale(pen, side, half, unit)
    }

    function drawCircles(pen, side, half, unit) {
        Object.assign(pen, { textAlign: 'left', textBaseline: 'bottom', font: `${11 * unit}px sans-serif` })
        for (const sigma of [1, 2, 3]) {
            const radius = (side / 2) * (sigma / half)
            Object.assign(pen, { strokeStyle: meta.prior, fillStyle: meta.prior, lineWidth: 1.5 * unit })
            pen.beginPath()
            pen.arc(side / 2, side / 2, radius, 0, 2 * Math.PI)
            pen.stroke()
            const words = [`${sigma}σ`, side / 2 + 0.72 * radius, side / 2 - 0.72 * radius]
            Object.assign(pen, { strokeStyle: stage.color('background-color'), lineWidth: 3 * unit })
            pen.strokeText(...words)
            pen.fillText(...words)
        }
    }

    // A bar of a round length, with that length in units of the code.
    function drawScale(pen, side, half, unit) {
        const most = half / 2
        const power = 10 ** Math.floor(Math.log10(most))
        const length = [5, 2, 1].map(first => first * power).find(each => each <= most)
        const [left, down, long] = [8 * unit, side - 8 * unit, (side / 2) * (length / half)]
        const bar = [[left, down - 4 * unit], [left, down], [left + long, down], [left + long, down - 4 * unit]]
        Object.assign(pen, { textAlign: 'center', textBaseline: 'bottom', font: `${12 * unit}px sans-serif` })
        for (const [color, width] of [['background-color', 5], ['text-color', 2]]) {
            Object.assign(pen, { strokeStyle: stage.color(color), fillStyle: stage.color(color), lineWidth: width * unit })
            pen.beginPath()
            bar.forEach(point => pen.lineTo(...point))
            pen.stroke()
            const words = [String(Number(length.toPrecision(1))), left + long / 2, down - 3 * unit]
            if (width > 2) pen.strokeText(...words)
            pen.fillText(...words)
        }
    }

    function drawMarks({ canvas, points, codes, half, which }) {
        const side = canvas.width
        const unit = devicePixelRatio
        const pen = canvas.getContext('2d')
        pen.clearRect(0, 0, side, side)
        pen.drawImage(points, 0, 0)
        const place = code => [(side / 2) * (1 + code[0] / half), (side / 2) * (1 - code[1] / half)]
        const image = place(codes.subarray(2 * state.image, 2 * state.image + 2))
        ring(pen, image, 7 * unit, 3 * unit)
        if (drawn) star(pen, place(drawn[which]), 10 * unit, 2 * unit)
        if (state.run !== which) return
        const [right, down] = place(state.code)
        for (const [color, width] of [[stage.color('background-color'), 5 * unit], [stage.color('text-color'), 2 * unit]]) {
            Object.assign(pen, { strokeStyle: color, lineWidth: width })
            pen.beginPath()
            pen.moveTo(right - 9 * unit, down)
            pen.lineTo(right + 9 * unit, down)
            pen.moveTo(right, down - 9 * unit)
            pen.lineTo(right, down + 9 * unit)
            pen.stroke()
        }
    }

    // Mark the code of the drawing on the pad.
    function star(pen, [right, down], radius, width) {
        for (const [color, thick] of [[stage.color('background-color'), 3 * width], [stage.color('primary-color'), width]]) {
            Object.assign(pen, { strokeStyle: color, lineWidth: thick })
            pen.beginPath()
            for (let turn = 0; turn < 4; turn++) {
                const [x, y] = [radius * Math.cos((turn * Math.PI) / 4), radius * Math.sin((turn * Math.PI) / 4)]
                pen.moveTo(right - x, down - y)
                pen.lineTo(right + x, down + y)
            }
            pen.stroke()
        }
    }

    function ring(pen, [right, down], radius, width) {
        for (const [color, thick] of [[stage.color('background-color'), width + 2], [stage.color('text-color'), width]]) {
            Object.assign(pen, { strokeStyle: color, lineWidth: thick })
            pen.beginPath()
            pen.arc(right, down, radius, 0, 2 * Math.PI)
            pen.stroke()
        }
    }
}
