// A gallery: pictures to choose one from, with a mark on those that are chosen.

// Arrow keys go from picture to picture, and Enter chooses; Tab enters it once.
class Gallery {
    constructor(title, names, size, columns, choose) {
        this.pictures = names.map(name => new Picture(size, name))
        this.buttons = names.map((title, place) =>
            make('button', { type: 'button', title, tabIndex: -1, onclick: () => choose(place) }, this.pictures[place].element),
        )
        this.element = make('div', { className: 'gallery', set: { role: 'group', 'aria-label': title } }, ...this.buttons)
        this.element.style.setProperty('--columns', columns)
        this.element.style.setProperty('--half', Math.ceil(columns / 2))
        this.element.addEventListener('keydown', event => this.move(event))
        this.buttons[0].tabIndex = 0
    }

    // Return how many pictures stand in a row now.
    get columns() {
        return getComputedStyle(this.element).gridTemplateColumns.split(' ').length
    }

    move(event) {
        const { columns } = this
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key]
        const place = this.buttons.indexOf(event.target) + step
        if (!(place in this.buttons)) return
        event.preventDefault()
        this.buttons[place].focus()
    }

    // Mark pictures, each with words such as `1`; the first of them is where Tab enters.
    mark(chosen) {
        const key = String(chosen)
        if (key === this.marked) return
        this.marked = key
        this.buttons.forEach((button, place) => {
            const words = chosen.filter(([, at]) => at === place).map(([words]) => words)
            button.dataset.mark = words.join(' ')
            button.setAttribute('aria-pressed', words.length > 0)
            button.tabIndex = -1
        })
        this.buttons[chosen[0]?.[1] ?? 0].tabIndex = 0
    }
}
