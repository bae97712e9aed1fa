// The passage: every model's pictures on the way from one test image to another, under one slider.
// Its tensors and its header are `core.instruments.passage`'s.

const WAYS = [
    { name: 'Straight line', at: onLine },
    { name: 'Great circle', at: onCircle },
]

function passage(root, bundle, stage) {
    const { meta, tensors, runs } = bundle
    const [images, , latents] = tensors.codes.shape
    const { size } = runs[0]
    const state = readState()
    const keep = onRest(write)
    let sets = 0
    let playing = false

    const pixelsOf = image => tensors.images.data.subarray(image * size * size, (image + 1) * size * size)
    const blending = {
        ...meta.blending,
        at: place => onLine(Float32Array.from(pixelsOf(state.ends[0])), pixelsOf(state.ends[1]), place).map(grey => grey / 255),
    }
    const rows = [...runs.map(makeSource), ...(tensors.images ? [blending] : [])].map(makeRow)
    const gallery = new Gallery('Test images to pick two of', meta.names, size, meta.columns, pick)
    const sides = ['first', 'second'].map((words, side) =>
        makeButton(words, () => {
            sets = side
            describe()
        }),
    )
    const ways = WAYS.map(({ name }, way) => makeButton(name, () => set({ way })))
    const slider = makeSlider('Place on the way', { min: 0, max: 100, step: 1, value: 100 * state.place }, move, keep)
    const place = make('output', { set: { 'data-text': '' } })
    const play = make('button', { type: 'button', onclick: toggle })
    const dice = make('button', { type: 'button', textContent: '⚄ Two at random', onclick: roll })
    const ends = [0, 1].map(() => new Picture(size, ''))
    const rail = make('div', { className: 'passage-rail' }, slider)
    rail.style.setProperty('--count', meta.frames)
    root.append(
        make(
            'div',
            { className: 'passage-pick' },
            make('div', { className: 'passage-buttons' }, make('span', { textContent: 'A click sets the' }), ...sides, dice),
            gallery.element,
        ),
        make(
            'div',
            { className: 'passage-sight' },
            make('div', { className: 'passage-buttons' }, ...ways, play, place, makeSaving(root, 'latent-lab-passage')),
            make('div', { className: 'passage-large' }, ...rows.map(({ figure }) => figure)),
            make('div', { className: 'passage-slide' }, make('span', { className: 'passage-ends' }, ends[0].element, 'to', ends[1].element), rail),
            ...rows.map(({ line }) => line),
        ),
    )
    const turns = new Turns(
        rows.flatMap(({ at, strip }) => Array.from({ length: meta.frames }, (_, frame) => ({ at, strip, frame }))),
        ({ at, strip, frame }) => strip.draw(frame, at(frame / (meta.frames - 1))),
    )
    const ask = onFrame(draw)
    drawGallery()
    draw()
    return { repaint: () => {}, stop: () => (playing = false) }

    function readState() {
        const known = (key, usual) => {
            const asked = stage.read(key)
            const image = asked === null ? -1 : meta.index.indexOf(Number(asked))
            return image < 0 ? usual : image
        }
        const way = WAYS.findIndex(({ name }) => name === (stage.read('way') ?? stage.read('path')))
        const [percent] = stage.readNumbers('place', 1) ?? [50]
        return {
            ends: [known('first', meta.picked[0]), known('second', meta.picked[1])],
            way: Math.max(0, way),
            place: Math.min(1, Math.max(0, percent / 100)),
        }
    }

    function write() {
        stage.write('first', meta.index[state.ends[0]])
        stage.write('second', meta.index[state.ends[1]])
        stage.write('way', WAYS[state.way].name)
        stage.writeNumbers('place', [100 * state.place])
    }

    function makeButton(textContent, onclick) {
        return make('button', { type: 'button', className: 'choice', textContent, onclick })
    }

    // Return a model as a source of pictures on the way between the two ends.
    function makeSource({ label, color, decode }, run) {
        const codeOf = image => {
            const first = (image * runs.length + run) * latents
            return tensors.codes.data.subarray(first, first + latents)
        }
        const at = place => decode(WAYS[state.way].at(codeOf(state.ends[0]), codeOf(state.ends[1]), place), 1)
        return { label, color, at, codeOf }
    }

    function makeRow({ label, color, at }) {
        const picture = new Picture(size, '')
        const strip = new Sheet(size, meta.frames, meta.frames)
        const name = tag => {
            const element = make(tag, { className: 'name', set: { 'data-text': '' } }, label)
            element.style.setProperty('--mark', color)
            return element
        }
        strip.element.addEventListener('click', event => {
            const { left, width } = strip.element.getBoundingClientRect()
            const frame = Math.floor((meta.frames * (event.clientX - left)) / width)
            set({ place: Math.min(1, Math.max(0, frame / (meta.frames - 1))) })
        })
        return {
            label,
            at,
            picture,
            strip,
            figure: make('figure', {}, picture.element, name('figcaption')),
            line: make('div', { className: 'passage-line' }, name('span'), strip.element),
        }
    }

    function pick(image) {
        const ends = [...state.ends]
        ends[sets] = image
        sets = 1 - sets
        set({ ends })
    }

    function roll() {
        const [count] = tensors.pairs.shape
        const pairs = Array.from({ length: count }, (_, i) => [...tensors.pairs.data.slice(2 * i, 2 * i + 2)])
        const now = pairs.findIndex(pair => String(pair) === String(state.ends))
        set({ ends: pairs[(now + 1) % count] })
    }

    function set(change) {
        Object.assign(state, change)
        if (!('place' in change)) turns.spoil()
        keep()
        ask()
    }

    function move(percent) {
        state.place = percent / 100
        ask()
    }

    // Play to and fro, until the button is pressed again.
    function toggle() {
        playing = !playing
        describe()
        const begun = performance.now()
        const from = state.place
        const step = now => {
            if (!playing || !root.isConnected) return
            const turn = (from + (now - begun) / 3000) % 2
            state.place = turn > 1 ? 2 - turn : turn
            draw()
            requestAnimationFrame(step)
        }
        if (playing) requestAnimationFrame(step)
        else keep()
    }

    function drawGallery() {
        const source = makeSource(runs[meta.standIn], meta.standIn)
        for (let image = 0; image < images; image++) {
            const pixels = tensors.images ? pixelsOf(image) : runs[meta.standIn].decode(source.codeOf(image), 1)
            gallery.pictures[image].draw(pixels, 0, tensors.images ? 255 : 1)
        }
    }

    function draw() {
        rows.forEach(({ at, picture }) => picture.draw(at(state.place)))
        describe()
        if (turns.run()) ask()
    }

    function describe() {
        const percent = Math.round(100 * state.place)
        const [from, to] = state.ends.map(image => meta.names[image])
        const words = `${percent} % of the way`
        slider.value = percent
        slider.setAttribute('aria-valuetext', `${words} from ${from} to ${to}`)
        place.textContent = words
        play.textContent = playing ? '❚❚ Pause' : '▶ Play'
        sides.forEach((button, side) => button.setAttribute('aria-pressed', side === sets))
        ways.forEach((button, way) => button.setAttribute('aria-pressed', way === state.way))
        gallery.mark([['1', state.ends[0]], ['2', state.ends[1]]])
        ends.forEach((picture, side) => {
            const image = gallery.pictures[state.ends[side]]
            picture.pen.drawImage(image.element, 0, 0)
            picture.describe(meta.names[state.ends[side]])
        })
        for (const { label, picture, strip } of rows) {
            picture.describe(`${label}: ${words} from ${from} to ${to}`)
            strip.describe(`${label}: ${meta.frames} pictures from ${from} to ${to}`)
        }
        if (!playing) stage.say(`${WAYS[state.way].name} from ${from} to ${to}: ${words}`)
    }
}
