// Runs that come after the first picture, in a bundle of their own. They wait in the document,
// under a token, for the instrument that shows them.

const ARRIVED = 'latent-lab-runs'

function later(root, { meta, runs }) {
    document.latentLabRuns ??= {}
    document.latentLabRuns[meta.token] = runs
    document.dispatchEvent(new Event(ARRIVED))
    return { stop: () => delete document.latentLabRuns[meta.token] }
}

// Call a function with the runs of a token as soon as they are there; return what ends the wait.
function whenLater(token, take) {
    const end = () => document.removeEventListener(ARRIVED, look)
    const look = () => {
        const runs = document.latentLabRuns?.[token]
        if (!runs) return
        end()
        take(runs)
    }
    document.addEventListener(ARRIVED, look)
    look()
    return end
}
