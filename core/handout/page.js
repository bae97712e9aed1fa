// Mounts the instruments of a file that was handed out. `INSTRUMENTS` names the functions that draw them.

async function open() {
    const text = document.getElementById('bundle').textContent
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    const roots = [...document.querySelectorAll('.instrument')]
    try {
        const bundle = await openBundle(bytes)
        const instruments = roots.map(root => {
            const stage = new Stage(root, root.dataset.name)
            const instrument = INSTRUMENTS[stage.name](root, partOf(bundle, stage.name), stage)
            root.append(stage.region)
            root.dataset.ready = 'true'
            return instrument
        })
        const repaint = () => instruments.forEach(instrument => instrument.repaint?.())
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint)
    } catch (error) {
        const { buffer } = readSafetensors(bytes).stored['tensors/still']
        roots.forEach(root => standStill(root, new Uint8Array(buffer), error))
    }
}

open()
