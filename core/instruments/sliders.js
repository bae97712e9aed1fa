// The sliders: one for each latent of a model, the one that carries most first; a scrub goes
// through the models. All pictures follow in the same frame, and the strips beside the sliders as
// fast as they can. Its tensors and its header are `core.instruments.sliders`'s.

const STRIP = 7

function sliders(root, bundle, stage) {
    const { meta, tensors, runs } = bundle
    const [images, , latents] = tensors.codes.shape
    const along = Array.from({ length: STRIP }, (_, i) => meta.reach * ((2 * i) / (STRIP - 1) - 1))
    const state = readState()
    const keep = onRest(write)
    let [described, pictured] = [null, null]

    const original = tensors.images && new Picture(meta.size, '')
    const large = new Picture(meta.size, '')
    const largeName = make('figcaption', { className: 'name', set: { 'data-text': '' } })
    const startName = make('figcaption', { set: { 'data-text': '' } })
    const note = make('p', { className: 'sliders-note' })
    const unit = make('div', { className: 'sliders-unit' })
    const models = runs.map(makeModel)
    const scrub = makeSlider(meta.scrub, { min: 0, max: runs.length - 1, step: 1, value: state.run }, setRun, keep)
    const gallery = new Gallery('Test images to start from', meta.names, meta.size, images, setImage)
    const origin = make('button', { type: 'button', className: 'choice', textContent: 'The origin', onclick: () => setImage(-1) })
    const reset = make('button', { type: 'button', textContent: 'Back to the start', onclick: goBack })
    const rows = Array.from({ length: latents }, (_, rank) => makeRow(rank))
    const turns = new Turns(rows, decodeStrip)
    const ask = onFrame(draw)

    const startFigure = make('figure', {}, ...(original ? [original.element] : []), startName)
    root.append(
        make(
            'div',
            { className: 'sliders-sight' },
            make('div', { className: 'sliders-pair' }, startFigure, make('figure', {}, large.element, largeName)),
            make('div', { className: 'sliders-models' }, ...(runs.length > 1 ? [makeScrub(), makeModels()] : [])),
        ),
        make(
            'div',
            { className: 'sliders-start' },
            make('span', { textContent: 'Start from' }),
            gallery.element,
            origin,
            reset,
            makeSaving(root, 'latent-lab-sliders'),
        ),
        unit,
        make('div', { className: 'sliders-rows' }, ...rows.map(row => row.element)),
        note,
    )
    drawGallery()
    draw()
    return { repaint: () => {} }

    function readState() {
        const [picked, run] = stage.readNumbers('stop', 2) ?? []
        const image = meta.index.indexOf(Number(stage.read('image') ?? meta.index[0]))
        const moved = new Map()
        for (const pair of stage.read('moved')?.split(',') ?? []) {
            const [rank, steps] = pair.split(':').map(Number)
            if (rank >= 1 && rank <= latents && Math.abs(steps) <= meta.reach) moved.set(Math.trunc(rank) - 1, steps)
        }
        return {
            // The link's stop holds as long as the page is of the run that it was chosen beside.
            run: picked === meta.picked && run in runs ? run : meta.picked,
            image: stage.read('start') === 'The origin' ? -1 : Math.max(0, image),
            moved,
        }
    }

    function write() {
        stage.writeNumbers('stop', [meta.picked, state.run])
        stage.write('start', state.image < 0 ? 'The origin' : 'A test image')
        if (state.image >= 0) stage.write('image', meta.index[state.image])
        const moved = [...state.moved].map(([rank, steps]) => `${rank + 1}:${Number(steps.toFixed(2))}`)
        if (moved.length || stage.read('moved')) stage.write('moved', moved.join(','))
    }

    function makeModel({ label, color }, run) {
        const picture = new Picture(meta.size, '')
        const name = make('span', { className: 'name', set: { 'data-text': '' } }, meta.models[run].name)
        const choose = () => {
            setRun(run)
            keep()
        }
        const button = make('button', { type: 'button', title: label, onclick: choose }, picture.element, name)
        button.style.setProperty('--mark', color)
        return { picture, button }
    }

    function makeModels() {
        const list = make('div', { className: 'sliders-stops' }, ...models.map(({ button }) => button))
        list.style.setProperty('--count', runs.length)
        return list
    }

    function makeScrub() {
        const name = make('span', { className: 'name', textContent: meta.scrub })
        const element = make('label', { className: 'sliders-scrub' }, name, make('div', { className: 'sliders-rail' }, scrub))
        element.style.setProperty('--count', runs.length)
        return element
    }

    function makeRow(rank) {
        const strip = new Sheet(meta.size, STRIP, STRIP)
        const [name, amount, bar, state, value] = ['b', 'span', 'i', 'small', 'output'].map(tag => make(tag))
        name.dataset.text = amount.dataset.text = value.dataset.text = state.dataset.text = ''
        const limits = { min: -meta.reach, max: meta.reach, step: 0.05, value: 0 }
        const slider = makeSlider('', limits, steps => setLatent(rank, steps), keep)
        const rail = make('div', { className: 'sliders-rail' }, slider)
        rail.style.setProperty('--count', STRIP)
        strip.element.addEventListener('click', event => {
            const { left, width } = strip.element.getBoundingClientRect()
            const place = Math.floor((STRIP * (event.clientX - left)) / width)
            setLatent(rank, along[Math.min(STRIP - 1, Math.max(0, place))])
            keep()
        })
        const element = make(
            'div',
            { className: 'sliders-row' },
            make('div', { className: 'sliders-texts' }, name, amount, make('div', { className: 'sliders-bar' }, bar), state, value),
            make('div', { className: 'sliders-strip' }, strip.element, rail),
        )
        return { rank, element, strip, slider, name, amount, bar, state, value }
    }

    // Return the code of the start in a run, with the latents where they were moved to.
    function codeOf(run) {
        const first = (state.image * runs.length + run) * latents
        const code = state.image < 0 ? new Float32Array(latents) : tensors.codes.data.slice(first, first + latents)
        for (const [rank, steps] of state.moved) setSteps(code, run, rank, steps)
        return code
    }

    function latentOf(run, rank) {
        return tensors.order.data[run * latents + rank]
    }

    function setSteps(code, run, rank, steps) {
        const latent = latentOf(run, rank)
        const place = run * latents + latent
        code[latent] = tensors.origin.data[place] + tensors.unit.data[place] * steps
    }

    function stepsOf(code, run, rank) {
        const latent = latentOf(run, rank)
        const place = run * latents + latent
        const length = tensors.unit.data[place]
        return length > 0 ? (code[latent] - tensors.origin.data[place]) / length : 0
    }

    function setLatent(rank, steps) {
        state.moved.set(rank, steps)
        turns.spoil(row => row.rank !== rank)
        ask()
    }

    function setRun(run) {
        state.run = run
        turns.spoil()
        ask()
    }

    function setImage(image) {
        state.image = image
        goBack()
    }

    function goBack() {
        state.moved.clear()
        turns.spoil()
        keep()
        ask()
    }

    function decodeStrip({ rank, strip }) {
        const code = codeOf(state.run)
        const codes = new Float32Array(STRIP * latents)
        along.forEach((steps, i) => {
            setSteps(code, state.run, rank, steps)
            codes.set(code, i * latents)
        })
        const pixels = runs[state.run].decode(codes, STRIP)
        for (let i = 0; i < STRIP; i++) strip.draw(i, pixels, i * meta.size ** 2)
    }

    function drawGallery() {
        const pixels = meta.size ** 2
        for (let i = 0; i < images; i++) {
            if (tensors.images) gallery.pictures[i].draw(tensors.images.data, i * pixels, 255)
            else {
                const first = (i * runs.length + meta.picked) * latents
                gallery.pictures[i].draw(runs[meta.picked].decode(tensors.codes.data.subarray(first, first + latents), 1))
            }
        }
    }

    function draw() {
        const where = start()
        runs.forEach((run, which) => {
            const pixels = run.decode(codeOf(which), 1)
            models[which].picture.draw(pixels)
            models[which].picture.describe(`${run.label}, decoded from ${where}`)
            if (which === state.run) large.draw(pixels)
        })
        describe(where)
        if (turns.run()) ask()
    }

    // Say in a few words where the code is.
    function start() {
        const from = state.image < 0 ? 'the origin' : meta.names[state.image]
        const moved = [...state.moved].map(([rank, steps]) => `${rowName(rank)} at ${signed(steps)} σ`)
        return moved.length ? `${from} with ${moved.join(', ')}` : from
    }

    function rowName(rank) {
        return `z${latentOf(state.run, rank) + 1}`
    }

    function describe(where) {
        const { label, color } = runs[state.run]
        if (described !== state.run) describeRun()
        large.describe(`${label}, decoded from ${where}`)
        startFigure.hidden = state.image < 0
        if (state.image !== pictured) describeStart()
        gallery.mark(state.image < 0 ? [] : [['', state.image]])
        origin.setAttribute('aria-pressed', state.image < 0)
        reset.disabled = state.moved.size === 0
        describeRows(color)
        stage.say(`${label}, ${where}`)
    }

    function describeStart() {
        pictured = state.image
        startName.textContent = state.image < 0 ? '' : meta.names[state.image]
        if (original && state.image >= 0) original.draw(tensors.images.data, state.image * meta.size ** 2, 255)
        original?.describe(startName.textContent)
    }

    function describeRun() {
        described = state.run
        const { label, color } = runs[state.run]
        const { name, note: words, unit: amounts } = meta.models[state.run]
        scrub.value = state.run
        scrub.setAttribute('aria-valuetext', name)
        models.forEach(({ button }, which) => button.setAttribute('aria-pressed', which === state.run))
        largeName.textContent = label
        largeName.style.setProperty('--mark', color)
        note.textContent = words
        unit.textContent = `Latents of ${label}, by ${amounts}; the pictures go from ${signed(-meta.reach)} to ${signed(meta.reach)} σ`
    }

    function describeRows(color) {
        const code = codeOf(state.run)
        const own = tensors.amounts.data.subarray(state.run * latents, (state.run + 1) * latents)
        const most = Math.max(...own, 1e-9)
        for (const row of rows) {
            const { rank, element, strip, slider, name, amount, bar, state: word, value } = row
            const latent = latentOf(state.run, rank)
            const active = tensors.active.data[state.run * latents + latent] > 0
            const steps = stepsOf(code, state.run, rank)
            // Words that stay are not written again: each would be laid out anew.
            if (row.run === state.run && row.steps === steps) continue
            Object.assign(row, { run: state.run, steps })
            name.textContent = rowName(rank)
            amount.textContent = own[latent].toFixed(2)
            bar.style.width = `${(100 * own[latent]) / most}%`
            bar.style.background = active ? color : ''
            word.textContent = active ? '' : 'collapsed'
            value.textContent = `${signed(steps)} σ`
            element.classList.toggle('muted', !active)
            slider.value = steps
            slider.setAttribute('aria-label', `${name.textContent}, ${amount.textContent} ${meta.models[state.run].unit}${active ? '' : ', collapsed'}`)
            slider.setAttribute('aria-valuetext', `${signed(steps)} standard deviations`)
            strip.describe(`${name.textContent} from ${signed(-meta.reach)} to ${signed(meta.reach)} standard deviations: ${STRIP} pictures`)
        }
    }

    function signed(number) {
        const words = Number(number.toFixed(2)).toFixed(Number.isInteger(number) ? 0 : 2)
        return Number(words) > 0 ? `+${words}` : words.replace('-', '−').replace(/^−?0(\.00)?$/, '0')
    }
}
