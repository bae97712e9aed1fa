// The grid: random codes of every model side by side, above from a uniform box, below from a
// density, decoded anew while a slider moves. Its tensors and its header are `core.instruments.grid`'s.

function grid(root, bundle, stage) {
    const { meta, tensors, runs } = bundle
    const box = new Source(tensors, 'box')
    const densities = meta.densities.map(({ name, words }) => ({ words, source: new Source(tensors, name) }))
    const { count, draws } = box
    const limits = { width: meta.common, times: meta.fitted, temperature: meta.temperature }
    const state = { ...readState(), draw: readDraw() }

    const rows = [makeRow('box', makeBoxChoices()), makeRow('density', makeDensityChoices())]
    const dice = make('button', { type: 'button', onclick: next, textContent: '⚄ Draw again' })
    const seed = make('span', { className: 'grid-seed' })
    root.append(
        ...rows.map(row => row.element),
        make('div', { className: 'grid-buttons' }, dice, seed, makeSaving(root, 'latent-lab-random-codes')),
    )
    const sheets = rows.flatMap(row => row.sheets.map((sheet, run) => ({ row, sheet, run })))
    const turns = new Turns(piecesOf(sheets, count), decode)
    const ask = onFrame(draw)
    rows.forEach(setScale)
    describe()
    draw()
    return { repaint: () => {} }

    function readState() {
        const number = key => {
            const { min, max, value } = limits[key]
            const saved = stage.readNumbers(key, 1)
            return saved ? Math.min(max, Math.max(min, saved[0])) : value
        }
        const density = densities.findIndex(({ words }) => words === stage.read('density'))
        return {
            fitted: stage.read('fit') !== 'false',
            density: Math.max(0, density),
            width: number('width'),
            times: number('times'),
            temperature: number('temperature'),
        }
    }

    function readDraw() {
        const place = Math.trunc(stage.readNumbers('seed', 1)?.[0] ?? meta.seed) - meta.seed
        return place >= 0 && place < draws ? place : 0
    }

    function makeRow(kind, choices) {
        const row = { kind, place: make('div', { className: 'grid-scale' }) }
        row.sheets = runs.map(run => new Sheet(run.size, count, meta.columns))
        row.notes = runs.map(() => make('div', { className: 'grid-note' }))
        for (const note of row.notes) note.dataset.text = ''
        const figures = runs.map((run, which) => {
            const name = make('figcaption', { className: 'name' }, run.label)
            name.dataset.text = ''
            name.style.setProperty('--mark', run.color)
            const recipe = make('div', { className: 'grid-note' }, meta.notes[which])
            return make('figure', {}, name, ...(kind === 'box' ? [recipe] : []), row.sheets[which].element, row.notes[which])
        })
        row.element = make(
            'section',
            { className: 'grid-row' },
            make('div', { className: 'grid-head' }, choices.element, row.place),
            make('div', { className: 'grid-sheets' }, ...figures),
        )
        row.mark = choices.mark
        return row
    }

    function makeBoxChoices() {
        return makeChoices('Uniform box', ['each model’s own', 'one for all'], () => (state.fitted ? 0 : 1), which => {
            state.fitted = which === 0
            stage.write('fit', String(state.fitted))
            setScale(rows[0])
        })
    }

    function makeDensityChoices() {
        return makeChoices('', densities.map(({ words }) => words), () => state.density, which => {
            state.density = which
            stage.write('density', densities[which].words)
            setScale(rows[1])
        })
    }

    function makeChoices(title, names, chosen, choose) {
        const buttons = names.map((textContent, which) =>
            make('button', { type: 'button', className: 'choice', textContent, onclick: () => choose(which) }),
        )
        const name = make('span', { className: 'name', textContent: title })
        name.dataset.text = ''
        const mark = () => buttons.forEach((button, which) => {
            button.setAttribute('aria-pressed', which === chosen())
            button.toggleAttribute('data-text', !title && which === chosen())
        })
        return { element: make('div', { className: 'grid-choices' }, ...(title ? [name] : []), ...buttons), mark }
    }

    // Return the name of the number that a row's slider moves.
    function amountOf({ kind }) {
        if (kind === 'density') return 'temperature'
        return state.fitted ? 'times' : 'width'
    }

    // Give a row the slider of what is chosen, and decode it anew.
    function setScale(row) {
        const key = amountOf(row)
        const spoil = value => {
            state[key] = value
            respond(row)
        }
        row.scale = new Scale(limits[key], spoil, value => stage.writeNumbers(key, [value]))
        row.scale.set(state[key])
        row.place.replaceChildren(row.scale.element)
        row.mark()
        respond(row)
    }

    function respond(row) {
        turns.spoil(piece => piece.row === row)
        ask()
    }

    function next() {
        state.draw = (state.draw + 1) % draws
        stage.writeNumbers('seed', [meta.seed + state.draw])
        turns.spoil()
        ask()
    }

    // Return the half-width of a run's box.
    function halfWidth(run) {
        return state.fitted ? state.times * box.scale[run] : state.width
    }

    function codesOf({ row, run, first, count }) {
        if (row.kind === 'density') {
            return densities[state.density].source.codes(run, state.draw, state.temperature, first, count)
        }
        return box.codes(run, state.draw, halfWidth(run) / box.scale[run], first, count)
    }

    function decode(piece) {
        const { sheet, run, first, count } = piece
        const pixels = runs[run].decode(codesOf(piece), count)
        for (let i = 0; i < count; i++) sheet.draw(first + i, pixels, i * sheet.size * sheet.size)
    }

    function draw() {
        describe()
        if (turns.run()) ask()
    }

    // Return the share of a run's codes that a box leaves out.
    function shareOutside(run, width) {
        const steps = tensors.reach.shape[1] - 1
        const reach = tensors.reach.data.subarray(run * (steps + 1), (run + 1) * (steps + 1))
        const above = reach.findIndex(each => each > width)
        if (above < 0) return 0
        if (above === 0) return 1
        const within = above - 1 + (width - reach[above - 1]) / (reach[above] - reach[above - 1])
        return 1 - within / steps
    }

    function describe() {
        const { words } = densities[state.density]
        const [above, below] = rows
        above.scale.say(state.fitted ? `${state.times.toFixed(2)} ×` : state.width.toFixed(1))
        below.scale.say(state.temperature.toFixed(2))
        seed.textContent = `seed ${meta.seed + state.draw}`
        runs.forEach((run, which) => {
            const width = halfWidth(which)
            const outside = shareOutside(which, width)
            const percent = outside > 0 && outside < 0.005 ? '< 1' : (100 * outside).toFixed(0)
            above.notes[which].textContent = `half-width ${written(width)}, leaves out ${percent} % of the codes`
            above.sheets[which].describe(`${run.label}: ${count} codes from a uniform box of half-width ${written(width)}, decoded`)
            below.sheets[which].describe(`${run.label}: ${count} codes, ${words}, temperature ${state.temperature.toFixed(2)}, decoded`)
        })
        const wide = state.fitted ? `${state.times.toFixed(2)} times each model’s own` : state.width.toFixed(1)
        stage.say(`Uniform box of half-width ${wide}; ${words}, temperature ${state.temperature.toFixed(2)}; ${seed.textContent}`)
    }
}
