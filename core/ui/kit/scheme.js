// Image, encoder, code, decoder, image; each number of the code is a bar, up or down.

export default function ({ data, parentElement }) {
    const numbers = `${data.code.length} ${data.code.length === 1 ? 'number' : 'numbers'}`
    const most = Math.max(...data.code.map(Math.abs), 1e-9)
    const bars = data.code.map(number => {
        const bar = document.createElement('i')
        bar.style.height = `${(50 * Math.abs(number)) / most}%`
        bar.className = number < 0 ? 'down' : 'up'
        return bar
    })
    const code = part('code', `code z: ${numbers}`, ...bars)
    code.firstChild.setAttribute('role', 'img')
    code.firstChild.setAttribute('aria-label', `The code: ${data.code.join(', ')}`)
    parentElement.querySelector('.scheme').replaceChildren(
        ...(data.image ? [picture('image x', data.image)] : []),
        arrow('encoder'),
        code,
        arrow('decoder'),
        picture('reconstruction', data.decoded),
    )
}

function part(name, words, ...children) {
    const figure = document.createElement('figure')
    const box = document.createElement('div')
    const caption = document.createElement('figcaption')
    box.className = name
    box.append(...children)
    caption.textContent = words
    figure.append(box, caption)
    return figure
}

function picture(words, source) {
    const image = new Image()
    Object.assign(image, { src: source, alt: words })
    return part('pixels', words, image)
}

function arrow(words) {
    const figure = part('arrow', words, '→')
    figure.firstChild.setAttribute('aria-hidden', 'true')
    return figure
}
