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
    player.button.onclick = () => (player.playing ? pause(player) : play(player))
    player.slider.oninput = () => {
        pause(player)
        show(player, Number(player.slider.value))
    }
    return player
}

function load(player, data) {
    const same = player.labels?.length === data.labels.length
    const frame = same ? player.frame : data.start
    Object.assign(player, { labels: data.labels, seconds: data.seconds, rebound: data.rebound, films: [] })
    player.slider.max = data.labels.length - 1
    player.slider.setAttribute('aria-label', data.title)
    player.strips.style.setProperty('--columns', data.columns)
    player.strips.replaceChildren(...data.strips.map(strip => film(player, strip)))
    show(player, frame)
}

function film(player, { name, color, src }) {
    const figure = document.createElement('figure'), caption = document.createElement('figcaption')
    const canvas = document.createElement('canvas'), image = new Image()
    caption.textContent = name
    caption.style.borderColor = color
    canvas.setAttribute('role', 'img')
    const one = { canvas, image, name }
    image.onload = () => {
        canvas.width = image.naturalWidth
        canvas.height = image.naturalHeight / player.labels.length
        draw(player, one)
    }
    image.src = src
    player.films.push(one)
    figure.append(caption, canvas)
    return figure
}

function show(player, frame) {
    player.frame = frame
    player.slider.value = frame
    player.label.textContent = player.labels[frame]
    player.slider.setAttribute('aria-valuetext', player.labels[frame])
    for (const one of player.films) draw(player, one)
}

function draw(player, { canvas, image, name }) {
    canvas.setAttribute('aria-label', `${name}, ${player.labels[player.frame]}`)
    if (!image.naturalWidth) return
    const { width, height } = canvas, pen = canvas.getContext('2d')
    pen.clearRect(0, 0, width, height)
    pen.drawImage(image, 0, player.frame * height, width, height, 0, 0, width, height)
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
