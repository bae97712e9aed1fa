// Mounts an instrument in a page of the lab. `INSTRUMENT` is the function that draws it.

const mounted = new WeakMap()

// Streamlit calls this for new data, for another theme with the same data, and for a new mount.
export default function ({ parentElement, data }) {
    const root = parentElement.querySelector('.instrument')
    const before = mounted.get(root)
    if (before?.data === data) {
        before.repaint()
        return before.stop
    }
    before?.stop()
    const now = { data, repaint: () => {}, stop: () => (now.gone = true) }
    mounted.set(root, now)
    start(root, data, now)
    return () => now.stop()
}

async function start(root, data, now) {
    try {
        const bundle = await openBundle(data)
        if (now.gone) return
        root.replaceChildren()
        const stage = new Stage(root, root.dataset.name)
        const instrument = INSTRUMENT(root, partOf(bundle, stage.name), stage)
        root.append(stage.region)
        now.repaint = () => instrument.repaint?.()
        now.stop = () => {
            now.gone = true
            instrument.stop?.()
        }
        root.dataset.ready = 'true'
    } catch (error) {
        const { buffer } = readSafetensors(data).stored['tensors/still']
        standStill(root, new Uint8Array(buffer), error)
    }
}
