// A film player: strips of pictures that move together, under one slider, without asking the server for anything.
// Each strip is one picture of equally high frames, the first on top.

const players = new WeakMap()

export default function ({ data, parentElement }) {
    const player = players.get(parentElement) ?? build(parentElement)
    players.set(parentElement, player)
    load(player, data)
    return () => {
        cancelAnimationFrame(player.tick)
        players.delete(parentElement)
    }
}

function build(parent) {
    const find = css => parent.querySelector(css)
    const player = { strips: find('.strips'), button: find('button'), slider: find('input'), label: find('output') }
    parent.querySelectorAll('.step').forEach((button, place) => (button.onclick = () => step(player, place ? 1 : -1)))
    player.button.onclick = () => (player.playing ? pause(player) : play(player))
    player.slider.oninput = () => {
        pause(player)
        show(player, Number(player.slider.value))
    }
    return player
}

function load(player, data) {
    const same = player.labels?.length === data.labels.length
    if (!same) pause(player)
    Object.assign(player, { labels: data.labels, seconds: data.seconds, rebound: data.rebound })
    player.slider.max = data.labels.length - 1
    player.slider.setAttribute('aria-label', data.title)
    player.strips.style.setProperty('--columns', data.columns)
    player.films = data.strips.map((strip, place) => film(player, strip, player.films?.[place]))
    player.strips.replaceChildren(...player.films.map(one => one.figure))
    show(player, same ? player.frame : data.start)
}

// A film that is replaced keeps its canvas, and what is on it until the new pictures are there: nothing flickers.
function film(player, { name, color, src, frames, dots }, old) {
    const one = old ?? canvas()
    one.caption.textContent = one.name = name
    one.caption.style.borderColor = color
    one.dots = dots && unpack(dots)
    if (dots) {
        one.canvas.width = one.canvas.height = SIDE
        return Object.assign(one, { src, frames, image: null })
    }
    if (one.src === src) return one
    const image = new Image()
    image.onload = () => {
        if (one.src !== src) return
        Object.assign(one, { image, frames })
        one.canvas.width = image.naturalWidth
        one.canvas.height = image.naturalHeight / frames
        draw(player, one)
    }
    one.src = image.src = src
    return one
}

function canvas() {
    const figure = document.createElement('figure'), caption = document.createElement('figcaption')
    const canvas = document.createElement('canvas')
    canvas.setAttribute('role', 'img')
    figure.append(caption, canvas)
    return { figure, caption, canvas }
}

function show(player, frame) {
    player.frame = frame
    player.slider.value = frame
    player.slider.style.setProperty('--at', `${(100 * frame) / Math.max(1, player.labels.length - 1)}%`)
    player.label.textContent = player.labels[frame]
    player.slider.setAttribute('aria-valuetext', player.labels[frame])
    for (const one of player.films) draw(player, one)
}

function step(player, by) {
    pause(player)
    show(player, Math.min(Math.max(player.frame + by, 0), player.labels.length - 1))
}

function draw(player, { canvas, image, frames, name, dots }) {
    canvas.setAttribute('aria-label', frames === 1 ? name : `${name}, ${player.labels[player.frame]}`)
    const { width, height } = canvas, pen = canvas.getContext('2d'), frame = Math.min(player.frame, frames - 1)
    if (dots) return scatter(canvas, dots, frame)
    if (!image) return
    pen.clearRect(0, 0, width, height)
    pen.drawImage(image, 0, frame * height, width, height, 0, 0, width, height)
}

function play(player) {
    const count = player.labels.length, whole = player.rebound ? 2 * (count - 1) : count
    const offset = player.rebound || player.frame < count - 1 ? player.frame : 0
    const start = performance.now()
    const step = now => {
        const place = offset + Math.floor(((now - start) / 1000 / player.seconds) * count)
        if (!player.rebound && place >= count - 1) {
            show(player, count - 1)
            return pause(player)
        }
        const turn = place % whole, frame = turn < count ? turn : whole - turn
        if (frame !== player.frame) show(player, frame)
        player.tick = requestAnimationFrame(step)
    }
    player.playing = true
    look(player, 'Pause')
    player.tick = requestAnimationFrame(step)
}

function pause(player) {
    cancelAnimationFrame(player.tick)
    player.playing = false
    look(player, 'Play')
}

function look(player, word) {
    player.button.textContent = word === 'Play' ? '▶ Play' : '❚❚ Pause'
    player.button.setAttribute('aria-label', word)
}
