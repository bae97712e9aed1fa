// The pad: a drawing goes through every model's encoder and decoder.
//
// The header says whether a drawing is centred as `mnist` or as `digits`. The planes on the same
// page are told the codes by an event of the window, `latent-lab-drawn`.

const PAD = 280
const PEN = 22

function pad(root, bundle, stage) {
    const { meta, runs } = bundle
    const size = runs[0].size
    const centred = { mnist: centredAsMnist, digits: centredAsDigits }[meta.centred]
    const sheet = make('canvas', { className: 'pad-sheet', width: PAD, height: PAD, tabIndex: 0 })
    sheet.setAttribute('role', 'img')
    sheet.setAttribute('aria-label', 'Draw a digit here with a finger or the mouse')
    const pen = sheet.getContext('2d', { willReadFrequently: true })
    const seen = new Picture(size, 'What the models are given')
    const copies = runs.map(() => new Picture(size, ''))
    const notes = runs.map(() => make('div', { className: 'pad-note' }))
    const names = runs.map(({ label, color }) => {
        const name = make('figcaption', { className: 'name', textContent: label })
        name.dataset.text = ''
        name.style.setProperty('--mark', color)
        return name
    })
    let last = null

    const clear = make('button', { type: 'button', textContent: 'Clear', onclick: start })
    root.append(
        make('div', { className: 'pad-left' }, sheet, make('div', {}, clear, makeSaving(root, 'latent-lab-drawing'))),
        make('figure', {}, make('figcaption', { textContent: 'centred' }), seen.element),
        ...runs.map((_, which) => make('figure', {}, names[which], copies[which].element, notes[which])),
    )
    followPointer(sheet, stroke, () => (last = null))
    const ask = onFrame(show)
    start()
    return { repaint: () => {}, stop: () => tell(null) }

    function start() {
        pen.fillStyle = 'black'
        pen.fillRect(0, 0, PAD, PAD)
        Object.assign(pen, { strokeStyle: 'white', lineCap: 'round', lineJoin: 'round', lineWidth: PEN })
        show()
    }

    function stroke(right, down) {
        const place = [right * PAD, down * PAD]
        pen.beginPath()
        pen.moveTo(...(last ?? place))
        pen.lineTo(...place)
        pen.stroke()
        last = place
        ask()
    }

    function show() {
        const { data } = pen.getImageData(0, 0, PAD, PAD)
        const ink = Float32Array.from({ length: PAD * PAD }, (_, i) => data[4 * i] / 255)
        const image = centred(ink, PAD)
        const codes = image && runs.map((run, which) => encode(run, which, image))
        seen.draw(image ?? new Float32Array(size * size))
        if (!image) {
            copies.forEach(copy => copy.draw(new Float32Array(size * size)))
            notes.forEach(note => (note.textContent = ''))
        }
        tell(codes)
        stage.say(image ? notes.map((note, which) => `${runs[which].label}: ${note.textContent}`).join('. ') : '')
    }

    function encode(run, which, image) {
        const code = run.encode(image, 1).mean.slice(0, run.latents)
        const copy = run.decode(code, 1)
        let error = 0
        for (let i = 0; i < size * size; i++) error += (copy[i] - image[i]) ** 2
        copies[which].draw(copy)
        copies[which].describe(`${run.label}: the drawing decoded from its code`)
        notes[which].textContent = `squared error ${(error / (size * size)).toFixed(4)} per pixel`
        return code
    }

    function tell(codes) {
        window.dispatchEvent(new CustomEvent('latent-lab-drawn', { detail: codes }))
    }
}
