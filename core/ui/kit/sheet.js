// A picture of rows of pictures between a column of names and a row of steps. Clicking a row tells the server which.

const sheets = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
    const root = parentElement.querySelector('.sheet')
    const shape = `${data.rows.length} x ${data.columns.length}`
    let sheet = sheets.get(parentElement)
    if (sheet?.shape !== shape) {
        sheet = build(root, data, shape)
        sheets.set(parentElement, sheet)
    }
    fill(sheet, data, row => setTriggerValue('row', row))
}

function build(root, data, shape) {
    const image = element('img', 'pictures'), unit = element('span', 'unit')
    const steps = data.columns.map(() => element('span', 'step'))
    const heads = element('div', 'steps', ...steps)
    const rows = data.rows.map((_, place) => row(place))
    image.style.gridRow = `2 / span ${rows.length}`
    root.replaceChildren(unit, heads, image, ...rows.flatMap(({ label, button }) => [label, button]))
    root.style.setProperty('--rows', data.rows.length)
    root.style.setProperty('--columns', data.columns.length)
    return { shape, root, image, unit, steps, rows }
}

function row(place) {
    const name = element('b'), amount = element('span'), bar = element('i')
    const label = element('div', 'label', element('div', 'texts', name, amount), element('div', 'track', bar))
    const button = element('button')
    button.type = 'button'
    label.style.gridRow = button.style.gridRow = place + 2
    return { label, button, name, amount, bar }
}

function fill({ root, image, unit, steps, rows }, data, pick) {
    // A picture that is no longer the right one is gone at once, so that none is ever beside the wrong names.
    image.src = data.src
    image.alt = data.title
    root.setAttribute('aria-label', data.title)
    root.style.setProperty('--color', data.color)
    unit.textContent = data.unit
    const every = Math.ceil(steps.length / 11), middle = (steps.length - 1) / 2
    steps.forEach((step, i) => (step.textContent = (i - middle) % every ? '' : data.columns[i]))
    rows.forEach(({ label, button, name, amount, bar }, i) => {
        const one = data.rows[i]
        name.textContent = one.name
        amount.textContent = one.amount
        bar.style.width = `${100 * one.share}%`
        label.classList.toggle('muted', one.muted)
        button.classList.toggle('muted', one.muted)
        button.setAttribute('aria-pressed', i === data.picked)
        button.setAttribute('aria-label', `${one.name}, ${one.amount} ${data.unit}${one.note ? `, ${one.note}` : ''}`)
        button.title = one.note
        button.onclick = () => pick(i)
    })
}

function element(tag, name = '', ...children) {
    const made = document.createElement(tag)
    made.className = name
    made.append(...children)
    return made
}
