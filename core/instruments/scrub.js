// The scrub: a slider through trained models, another for noise on the codes of test images. Each
// panel has a cloud of codes, random codes and noised images; all that moves is decoded here.
// Its tensors and its header are `core.instruments.scrub`'s.

function scrub(root, bundle, stage) {
    const { meta, tensors } = bundle
    const runs = [...bundle.runs]
    const noised = new Source(tensors, 'noised')
    const random = meta.random.map(({ name, words }) => ({ words, source: new Source(tensors, name) }))
    const [{ count, draws }] = random.map(({ source }) => source)
    const stops = Math.max(...meta.panels.map(panel => panel.length))
    const state = readState()

    const panels = meta.panels.map(makePanel)
    const stopScale = new Scale(meta.stops, setStop, keep)
    const noiseScale = new Scale(meta.noise, setNoise, keep)
    const choices = random.map(({ words }, which) =>
        make('button', { type: 'button', className: 'choice', textContent: words, onclick: () => setSource(which) }),
    )
    const dice = make('button', { type: 'button', onclick: next, textContent: '⚄ Draw again' })
    root.append(
        make('div', { className: 'scrub-scales' }, ...(stops > 1 ? [stopScale.element] : []), noiseScale.element),
        make('div', { className: 'scrub-panels' }, ...panels.map(panel => panel.element)),
        make('div', { className: 'scrub-buttons' }, 'Random codes from', ...choices, dice, makeSaving(root, 'latent-lab-noise')),
    )
    const turns = new Turns(
        [
            ...piecesOf(panels.map(panel => ({ panel, sheet: panel.noised, source: 'noised' })), noised.count),
            ...piecesOf(panels.map(panel => ({ panel, sheet: panel.random, source: 'random' })), count),
        ],
        decode,
    )
    const ask = onFrame(draw)
    const watch = new ResizeObserver(paint)
    panels.forEach(panel => watch.observe(panel.cloud))
    stopScale.set(state.stop)
    noiseScale.set(state.noise)
    paint()
    const endWait = whenLater(meta.later, more => {
        runs.push(...more)
        setStop(state.stop)
    })
    return { repaint: paint, stop }

    function stop() {
        watch.disconnect()
        endWait()
    }

    function readState() {
        const { stops: { value }, noise } = meta
        const [stop, amount, source, seed] = stage.readNumbers('frame', 4) ?? [value, noise.value, 0, meta.seed]
        const within = (number, count) => Math.min(Math.max(Math.trunc(number), 0), count - 1)
        return {
            stop: within(stop, stops),
            noise: Math.min(noise.max, Math.max(noise.min, amount)),
            source: within(source, random.length),
            draw: within(seed - meta.seed, draws),
        }
    }

    function keep() {
        stage.writeNumbers('frame', [state.stop, state.noise, state.source, meta.seed + state.draw])
    }

    function makePanel(own) {
        const { size } = runs[0]
        const cloud = make('canvas', { className: 'cloud' })
        cloud.setAttribute('role', 'img')
        const name = make('figcaption', { className: 'name' })
        name.dataset.text = ''
        const rows = tensors.images ? 2 : 1
        const panel = {
            own,
            name,
            cloud,
            points: document.createElement('canvas'),
            random: new Sheet(size, count, meta.columns),
            noised: new Sheet(size, rows * noised.count, noised.count),
            note: make('div', { className: 'scrub-note' }),
        }
        for (let i = 0; tensors.images && i < noised.count; i++) {
            panel.noised.draw(i, tensors.images.data, i * size * size, 255)
        }
        panel.element = make(
            'figure',
            {},
            name,
            make('div', { className: 'scrub-pair' }, cloud, panel.random.element),
            panel.noised.element,
            panel.note,
        )
        return panel
    }

    // Return the run that a panel shows: the one of the slider, or the last one while that is on its way.
    function runOf(panel) {
        const wanted = panel.own[Math.min(state.stop, panel.own.length - 1)]
        if (runs[wanted]) panel.run = wanted
        return panel.run ?? panel.own.find(run => runs[run])
    }

    function setStop(value) {
        state.stop = value
        const moved = panels.filter(panel => panel.own.length > 1)
        moved.forEach(drawPoints)
        turns.spoil(({ panel }) => moved.includes(panel))
        ask()
    }

    function setNoise(value) {
        state.noise = value
        turns.spoil(({ source }) => source === 'noised')
        ask()
    }

    function setSource(which) {
        state.source = which
        redraw()
    }

    function next() {
        state.draw = (state.draw + 1) % draws
        redraw()
    }

    function redraw() {
        keep()
        turns.spoil(({ source }) => source === 'random')
        ask()
    }

    function decode({ panel, sheet, source, first, count }) {
        const run = runOf(panel)
        const { source: from } = random[state.source]
        const codes = source === 'noised'
            ? noised.codes(run, 0, state.noise, first, count)
            : from.codes(run, state.draw, 1, first, count)
        const pixels = runs[run].decode(codes, count)
        const start = source === 'noised' && tensors.images ? noised.count : 0
        for (let i = 0; i < count; i++) sheet.draw(start + first + i, pixels, i * sheet.size * sheet.size)
    }

    function paint() {
        panels.forEach(drawPoints)
        draw()
    }

    function draw() {
        describe()
        panels.forEach(drawMarks)
        if (turns.run()) ask()
    }

    function describe() {
        const variance = state.noise ** 2
        const amount = `${state.noise.toFixed(2)}·√R`
        const { words } = random[state.source]
        const stop = meta.stops.marks[state.stop]?.[1] ?? ''
        stopScale.say(stop)
        noiseScale.say(`${amount}, variance ${Number(variance.toPrecision(2))}·R`)
        choices.forEach((choice, which) => {
            choice.setAttribute('aria-pressed', which === state.source)
            choice.toggleAttribute('data-text', which === state.source)
        })
        for (const panel of panels) {
            const run = runOf(panel)
            const { label, color } = runs[run]
            panel.name.textContent = label
            panel.name.style.setProperty('--mark', color)
            panel.note.textContent = meta.notes[run]
            panel.cloud.setAttribute('aria-label', `${label}: codes of ${tensors.labels.shape[0]} test images. ${meta.notes[run]}`)
            panel.random.describe(`${label}: ${count} random codes from a ${words}, decoded`)
            panel.noised.describe(`${label}: ${noised.count} test images, and what their codes decode to with noise of ${amount}`)
        }
        stage.say(`${meta.stops.label} ${stop}; noise on the codes ${amount}; random codes from a ${words}`)
    }

    // Draw all of a cloud that stands still into a canvas of its own.
    function drawPoints(panel) {
        const { cloud, points } = panel
        const run = runOf(panel)
        const unit = devicePixelRatio
        const side = Math.max(1, Math.round((cloud.clientWidth || 160) * unit))
        for (const each of [cloud, points]) Object.assign(each, { width: side, height: side })
        const plane = planeOf(run, side)
        const pen = points.getContext('2d')
        const labels = tensors.labels.data
        const codes = tensors.cloud.data.subarray(2 * run * labels.length, 2 * (run + 1) * labels.length)
        if (meta.normal[run]) {
            for (const sigma of [1, 2, 3]) circle(pen, plane, [0, 0], sigma, meta.prior, 1.25 * unit)
        }
        for (let i = 0; i < labels.length; i++) {
            const [x, y] = plane.at(codes.subarray(2 * i, 2 * i + 2))
            pen.fillStyle = meta.colors[labels[i]]
            pen.fillRect(x - 0.75 * unit, y - 0.75 * unit, 1.5 * unit, 1.5 * unit)
        }
        pen.setLineDash([4 * unit, 3 * unit])
        circle(pen, plane, [0, 0], tensors.radius.data[run], stage.color('text-color'), 1.25 * unit)
    }

    function planeOf(run, side) {
        const half = tensors.half.data[run]
        return { long: length => (side / 2) * (length / half), at: ([x, y]) => [(side / 2) * (1 + x / half), (side / 2) * (1 - y / half)] }
    }

    function circle(pen, plane, center, radius, color, width) {
        Object.assign(pen, { strokeStyle: color, lineWidth: width })
        pen.beginPath()
        pen.arc(...plane.at(center), plane.long(radius), 0, 2 * Math.PI)
        pen.stroke()
    }

    // Return where codes lie on a run's plane.
    function onPlane(run, codes) {
        const [, latents] = tensors.basis.shape
        const basis = tensors.basis.data.subarray(2 * run * latents, 2 * (run + 1) * latents)
        return Array.from({ length: codes.length / latents }, (_, i) => {
            let [x, y] = [0, 0]
            for (let latent = 0; latent < latents; latent++) {
                x += codes[i * latents + latent] * basis[2 * latent]
                y += codes[i * latents + latent] * basis[2 * latent + 1]
            }
            return [x, y]
        })
    }

    // Draw what moves: the noise around one code, the noised codes and the random ones.
    function drawMarks(panel) {
        const { cloud, points } = panel
        const run = runOf(panel)
        const [side, unit] = [cloud.width, devicePixelRatio]
        const plane = planeOf(run, side)
        const pen = cloud.getContext('2d')
        pen.clearRect(0, 0, side, side)
        pen.drawImage(points, 0, 0)
        const [center] = onPlane(run, noised.codes(run, 0, 0, 0, 1))
        drawDisc(pen, plane, run, center, unit)
        const [ground, ink] = [stage.color('background-color'), stage.color('text-color')]
        for (const [color, width] of [[ground, 4], [ink, 2]]) {
            circle(pen, plane, center, state.noise * noised.scale[run], color, width * unit)
        }
        for (const code of onPlane(run, random[state.source].source.codes(run, state.draw, 1))) {
            cross(pen, plane.at(code), 2.5 * unit, ink, unit)
        }
        for (const code of onPlane(run, noised.codes(run, 0, state.noise))) dot(pen, plane.at(code), 3 * unit, ink, ground, unit)
    }

    function drawDisc(pen, plane, run, [x, y], unit) {
        const [a, b, c, d] = tensors.noise.data.subarray(4 * run, 4 * run + 4)
        if (!a && !b && !c && !d) return
        pen.beginPath()
        for (let step = 0; step <= 48; step++) {
            const [cos, sin] = [Math.cos((step * Math.PI) / 24), Math.sin((step * Math.PI) / 24)]
            pen.lineTo(...plane.at([x + a * cos + b * sin, y + c * cos + d * sin]))
        }
        Object.assign(pen, { fillStyle: `${meta.disc}66`, strokeStyle: meta.disc, lineWidth: 2 * unit })
        pen.fill()
        pen.stroke()
    }

    function cross(pen, [x, y], arm, color, unit) {
        Object.assign(pen, { strokeStyle: color, lineWidth: unit })
        pen.beginPath()
        pen.moveTo(x - arm, y - arm)
        pen.lineTo(x + arm, y + arm)
        pen.moveTo(x - arm, y + arm)
        pen.lineTo(x + arm, y - arm)
        pen.stroke()
    }

    function dot(pen, [x, y], radius, color, edge, unit) {
        Object.assign(pen, { fillStyle: color, strokeStyle: edge, lineWidth: unit })
        pen.beginPath()
        pen.arc(x, y, radius, 0, 2 * Math.PI)
        pen.fill()
        pen.stroke()
    }
}
