// The path: every model's picture on the straight line from one code to another, under one slider.
//
// Tensors: `from` (P, R, L) and `to` (S, P, R, L) codes of P pairs, R runs and S sources, `images`
// (P, size, size) that the first codes are of. The header says `ends`, `alt` and the sources.

function path(root, bundle, stage) {
    const { meta, tensors, runs } = bundle
    const [sources, pairs] = tensors.to.shape
    const [savedPlace, savedPair, savedSource] = stage.readNumbers('path', 3) ?? [meta.start, 0, 0]
    const within = (number, count) => Math.min(Math.max(Math.trunc(number), 0), count - 1)
    const state = {
        place: Math.min(1, Math.max(0, savedPlace)),
        pair: within(savedPair, pairs),
        source: within(savedSource, sources),
    }

    const write = onRest(() => stage.writeNumbers('path', [state.place, state.pair, state.source]))
    const original = tensors.images && new Picture(runs[0].size, '')
    const pictures = runs.map(run => new Picture(run.size, ''))
    const slider = makeSlider(meta.title, { min: 0, max: 1000, step: 1, value: 1000 * state.place }, input, keep)
    const dice = make('button', { type: 'button', onclick: next, textContent: `⚄ ${meta.next}` })
    const choices = meta.sources.length > 1 ? meta.sources.map(makeChoice) : []
    root.append(
        make('div', { className: 'path-pictures' }, ...runs.map(makeFigure)),
        make('div', { className: 'path-slider' }, makeStart(), slider, make('span', { textContent: meta.ends[1] })),
        make('div', { className: 'path-buttons' }, dice, ...choices, makeSaving(root, 'latent-lab-path')),
    )
    const ask = onFrame(draw)
    draw()
    mark()
    return { repaint: draw }

    function makeFigure(run, place) {
        const name = make('figcaption', { className: 'name' }, run.label)
        name.dataset.text = ''
        name.style.setProperty('--mark', run.color)
        return make('figure', {}, pictures[place].element, name)
    }

    function makeStart() {
        return make('span', { className: 'path-start' }, ...(original ? [original.element] : []), meta.ends[0])
    }

    function makeChoice(name, source) {
        const choose = () => {
            state.source = source
            mark()
            keep()
        }
        return make('button', { type: 'button', className: 'choice', textContent: name, onclick: choose })
    }

    function input(value) {
        state.place = value / 1000
        ask()
    }

    function next() {
        state.pair = (state.pair + 1) % pairs
        keep()
    }

    function mark() {
        choices.forEach((choice, source) => choice.setAttribute('aria-pressed', source === state.source))
    }

    function keep() {
        write()
        ask()
    }

    function draw() {
        const { place, pair, source } = state
        runs.forEach((run, which) => {
            const first = (pair * runs.length + which) * run.latents
            const last = ((source * pairs + pair) * runs.length + which) * run.latents
            const codes = new Float32Array(run.latents)
            for (let i = 0; i < run.latents; i++) {
                codes[i] = (1 - place) * tensors.from.data[first + i] + place * tensors.to.data[last + i]
            }
            pictures[which].draw(run.decode(codes, 1))
        })
        describe()
    }

    function describe() {
        const { place, pair } = state
        const percent = Math.round(100 * place)
        slider.setAttribute('aria-valuetext', `${percent} % of the way to ${meta.ends[1]}`)
        pictures.forEach((picture, which) =>
            picture.describe(`${runs[which].label}: what ${percent} % of the way from ${meta.ends[0]} to ${meta.ends[1]} decodes to`),
        )
        const size = runs[0].size
        original?.draw(tensors.images.data, pair * size * size, 255)
        original?.describe(meta.names[pair])
        stage.say(`${meta.names[pair]}, ${percent} % of the way to ${meta.ends[1]}`)
    }
}
